#include "core/control/config_value.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "core/control/number_text.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr size_t kHostNameBytesMax = 253;  // RFC 1035
constexpr size_t kZoneBytesMax = 15;       // IFNAMSIZ without its NUL

bool IsHostName(std::string_view host) {
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
  };
  // Only digits and dots is a mistyped IPv4 address: no top-level domain is a number.
  return !host.empty() && host.size() <= kHostNameBytesMax && std::ranges::all_of(host, allowed) &&
         !std::ranges::all_of(host, [](char c) { return IsDigit(c) || c == '.'; });
}

bool IsHost(std::string_view host) {
  const size_t percent = host.find('%');
  const std::optional<IpAddress> address = IpAddress::Parse(host.substr(0, percent));
  if (percent == std::string_view::npos) return address.has_value() || IsHostName(host);
  const std::string_view zone = host.substr(percent + 1);
  return address && address->family == IpFamily::kV6 && !zone.empty() &&
         zone.size() <= kZoneBytesMax &&
         std::ranges::none_of(zone, [](char c) { return IsControl(c) || c == '/' || c == ']'; });
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

std::string WithoutSpaces(std::string_view text) {
  std::string result;
  std::ranges::copy_if(text, std::back_inserter(result), [](char c) { return !IsSpace(c); });
  return result;
}

std::string Quoted(std::string_view text) {
  constexpr size_t kShownMax = 64;
  std::string shown(text.substr(0, kShownMax));
  std::ranges::replace_if(shown, IsControl, '?');
  return fmt::format("'{}'{}", shown, text.size() > kShownMax ? "…" : "");
}

std::string QuotedUnlessKey(std::string_view value) {
  // Also half a key is too much; no address and hardly a word has so many of these in a row.
  constexpr size_t kRunMax = 20;
  size_t run = 0;
  for (const char c : value) {
    run = IsLetter(c) || IsDigit(c) || c == '+' || c == '/' ? run + 1 : 0;
    if (run > kRunMax) return "a value that is not shown, in case it is a key";
  }
  return Quoted(value);
}

std::optional<TransportCipher> ParseTransportCipher(std::string_view text) {
  for (const TransportCipher cipher :
       {TransportCipher::kAuto, TransportCipher::kChaCha20Poly1305}) {
    if (EqualIgnoringCase(text, TransportCipherName(cipher))) return cipher;
  }
  return std::nullopt;
}

std::string_view TransportCipherName(TransportCipher cipher) {
  return cipher == TransportCipher::kAuto ? "auto" : "chacha20-poly1305";
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (Lower(a[i]) == Lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

std::optional<InterfaceAddress> InterfaceAddress::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<uint64_t>(address->Bits());
  if (slash == std::string_view::npos) {
    return InterfaceAddress{*address, static_cast<uint8_t>(bits)};
  }
  const std::optional<uint64_t> length = ParseNumber(text.substr(slash + 1), bits);
  if (!length) return std::nullopt;
  return InterfaceAddress{*address, static_cast<uint8_t>(*length)};
}

std::string InterfaceAddress::ToString() const {
  return fmt::format("{}/{}", address.ToString(), length);
}

std::optional<EndpointName> EndpointName::Parse(std::string_view text) {
  EndpointName endpoint;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  }
  const std::optional<uint64_t> port = ParseNumber(text.substr(colon + 1), UINT16_MAX);
  if (!port || *port == 0 || !IsHost(host)) return std::nullopt;
  endpoint.host = host;
  endpoint.port = static_cast<uint16_t>(*port);
  return endpoint;
}

std::string EndpointName::ToString() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace ringwire
