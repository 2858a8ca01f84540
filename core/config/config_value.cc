#include "core/config/config_value.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/config/number_text.h"
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

// Whether a part between dots would be an octal number.
bool HasOctalPart(std::string_view host) {
  for (size_t i = 0; i + 1 < host.size(); ++i) {
    if ((i == 0 || host[i - 1] == '.') && host[i] == '0' && IsDigit(host[i + 1])) return true;
  }
  return false;
}

// An IPv6 address and the zone behind its '%'.
bool IsZoned(const std::optional<IpAddress>& address, std::string_view zone, std::string* why) {
  if (!address || address->family != IpFamily::kV6 || zone.empty() || zone.size() > kZoneBytesMax ||
      std::ranges::any_of(zone, [](char c) { return IsControl(c) || c == '/' || c == ']'; })) {
    return false;
  }
  if (address->IsLinkLocalV6()) return true;
  *why = "only a link-local address (fe80::/10) has an interface behind %";
  return false;
}

// `host` as it is to be looked up.
std::optional<std::string> ReadHost(std::string_view host, std::string* why) {
  const size_t percent = host.find('%');
  const std::optional<IpAddress> address = IpAddress::Parse(host.substr(0, percent));
  if (percent != std::string_view::npos) {
    if (!IsZoned(address, host.substr(percent + 1), why)) return std::nullopt;
    return std::string(host);
  }
  if (!address) {
    if (const std::optional<IpAddress> old_form = IpAddress::ParseOldFormOfV4(host)) {
      if (!HasOctalPart(host)) return old_form->ToString();
      *why = "wg takes a number that starts with 0 for octal, others for decimal; leave the 0 out";
      return std::nullopt;
    }
    if (!IsHostName(host)) return std::nullopt;
  }
  return std::string(host);
}

// As it stands in /etc/services (RFC 6335, and some older ones).
bool IsServiceName(std::string_view text) {
  constexpr size_t kServiceBytesMax = 32;
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '-' || c == '+' || c == '.' || c == '_';
  };
  return text.size() <= kServiceBytesMax && std::ranges::any_of(text, IsLetter) &&
         std::ranges::all_of(text, allowed);
}

// The length of an IPv4 netmask.
std::optional<uint64_t> MaskLength(std::string_view text) {
  const std::optional<IpAddress> mask = IpAddress::Parse(text);
  if (!mask || mask->family != IpFamily::kV4) return std::nullopt;
  uint32_t bits = 0;
  for (const uint8_t byte : std::span(mask->bytes).first<4>()) bits = bits << 8 | byte;
  const int length = std::countl_one(bits);
  if (std::popcount(bits) != length) return std::nullopt;
  return static_cast<uint64_t>(length);
}

}  // namespace

std::string WithoutSpaces(std::string_view text) {
  std::string result;
  std::ranges::copy_if(text, std::back_inserter(result), [](char c) { return !IsSpace(c); });
  return result;
}

std::vector<std::string_view> Words(std::string_view value) {
  const auto separates = [](char c) { return c == ',' || IsSpace(c); };
  std::vector<std::string_view> words;
  while (!value.empty()) {
    const auto* const end = std::ranges::find_if(value, separates);
    const std::string_view word = value.substr(0, static_cast<size_t>(end - value.begin()));
    if (!word.empty()) words.push_back(word);
    value.remove_prefix(std::max<size_t>(word.size(), 1));
  }
  return words;
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

std::string Because(std::string_view why) {
  return why.empty() ? std::string() : fmt::format(": {}", why);
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
  const auto same = [](char x, char y) { return Lower(x) == Lower(y); };
  std::vector<size_t> before(b.size() + 1);  // the row above `above`
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = above[j] + (same(a[i], b[j]) ? 0 : 1);
      row[j + 1] = std::min({substituted, row[j] + 1, above[j + 1] + 1});
      if (i > 0 && j > 0 && same(a[i], b[j - 1]) && same(a[i - 1], b[j])) {
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<InterfaceAddress> InterfaceAddress::Parse(std::string_view text, std::string* why) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<uint64_t>(address->Bits());
  if (slash == std::string_view::npos) {
    return InterfaceAddress{*address, static_cast<uint8_t>(bits)};
  }
  const std::string_view length_text = text.substr(slash + 1);
  if (length_text.size() > 1 && length_text.starts_with('0') && IsDigit(length_text[1])) {
    if (why != nullptr) *why = kOctalForWgQuick;
    return std::nullopt;
  }
  std::optional<uint64_t> length = ParseNumber(length_text, bits);
  if (!length && address->family == IpFamily::kV4) length = MaskLength(length_text);
  if (!length) return std::nullopt;
  return InterfaceAddress{*address, static_cast<uint8_t>(*length)};
}

std::string InterfaceAddress::ToString() const {
  return fmt::format("{}/{}", address.ToString(), length);
}

std::optional<NameServer> NameServer::Parse(std::string_view text, std::string* why) {
  const size_t percent = text.find('%');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, percent));
  if (percent == std::string_view::npos) {
    if (!address) return std::nullopt;
    return NameServer{*address};
  }
  const std::string_view zone = text.substr(percent + 1);
  if (!IsZoned(address, zone, why)) return std::nullopt;
  return NameServer{*address, std::string(zone)};
}

std::string NameServer::ToString() const {
  return zone.empty() ? address.ToString() : fmt::format("{}%{}", address.ToString(), zone);
}

std::optional<uint16_t> ParsePort(std::string_view text, uint16_t least, ServicePort lookup,
                                  std::string* why) {
  if (text.empty()) return std::nullopt;
  const std::optional<uint64_t> number = ParseNumber(text, UINT16_MAX);
  if (number && *number >= least) return static_cast<uint16_t>(*number);
  if (std::ranges::all_of(text, IsDigit)) {
    *why = fmt::format("the port must be from {} to 65535", least);
    return std::nullopt;
  }
  if (!IsServiceName(text)) {
    *why = "the port must be a number, or the name of a service in /etc/services";
    return std::nullopt;
  }
  *why = "/etc/services has no such service for UDP";
  return lookup == nullptr ? std::nullopt : lookup(std::string(text));
}

std::optional<EndpointName> EndpointName::Parse(std::string_view text, std::string* why,
                                                ServicePort lookup) {
  std::string ignored;
  if (why == nullptr) why = &ignored;
  EndpointName endpoint;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  }
  std::optional<std::string> read = ReadHost(host, why);
  if (!read) return std::nullopt;
  const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1), 1, lookup, why);
  if (!port) return std::nullopt;
  endpoint.host = *std::move(read);
  endpoint.port = *port;
  return endpoint;
}

std::string EndpointName::ToString() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace ringwire
