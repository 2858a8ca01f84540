#include "core/wire/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <limits>

#include "core/base/check.h"

namespace ringwire {
namespace {

// Decimal digits without sign, at most `max`. Leading zeros are ignored: no WireGuard tool reads
// octal numbers here.
std::optional<uint32_t> ParseDecimal(std::string_view text, uint32_t max) {
  uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value > max) return std::nullopt;
  return value;
}

// The text between the brackets: an IPv6 address, perhaps with a zone.
std::optional<SocketAddress> ParseBracketed(std::string_view text) {
  const size_t percent = text.find('%');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, percent));
  if (!address || address->family != IpFamily::kV6) return std::nullopt;
  SocketAddress result{.address = *address};
  if (percent == std::string_view::npos) return result;

  const std::optional<uint32_t> zone =
      ParseDecimal(text.substr(percent + 1), std::numeric_limits<uint32_t>::max());
  if (!zone || *zone == 0 || !address->IsLinkLocalV6()) return std::nullopt;
  result.scope_id = *zone;
  return result;
}

}  // namespace

IpAddress IpAddress::V4(std::span<const uint8_t, 4> network_order) {
  IpAddress result{.family = IpFamily::kV4};
  std::copy(network_order.begin(), network_order.end(), result.bytes.begin());
  return result;
}

IpAddress IpAddress::V6(std::span<const uint8_t, 16> network_order) {
  IpAddress result{.family = IpFamily::kV6};
  std::copy(network_order.begin(), network_order.end(), result.bytes.begin());
  return result;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  // A NUL inside would hide what follows it from inet_pton.
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), terminated.begin());
  const bool is_v6 = text.find(':') != std::string_view::npos;
  IpAddress result{.family = is_v6 ? IpFamily::kV6 : IpFamily::kV4};
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated.data(), result.bytes.data()) != 1) {
    return std::nullopt;
  }
  return result;
}

std::optional<IpAddress> IpAddress::ParseOldFormOfV4(std::string_view text) {
  constexpr size_t kBytesMax = 64;  // leading zeros apart, no form is half as long
  std::array<char, kBytesMax> terminated{};
  // inet_aton ignores text after a space.
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos ||
      text.find_first_of(" \t\n\v\f\r") != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), terminated.begin());
  in_addr address;
  if (inet_aton(terminated.data(), &address) == 0) return std::nullopt;
  return V4(std::bit_cast<std::array<uint8_t, 4>>(address.s_addr));
}

bool IpAddress::IsLinkLocalV6() const {
  return family == IpFamily::kV6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

std::string IpAddress::ToString() const {
  if (!IsSet()) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int af = family == IpFamily::kV4 ? AF_INET : AF_INET6;
  CHECK(inet_ntop(af, bytes.data(), text.data(), text.size()) != nullptr);
  return text.data();
}

std::optional<Prefix> Prefix::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Of(*address, address->Bits());

  const std::optional<uint32_t> length =
      ParseDecimal(text.substr(slash + 1), static_cast<uint32_t>(address->Bits()));
  if (!length) return std::nullopt;
  return Of(*address, static_cast<int>(*length));
}

Prefix Prefix::Of(IpAddress address, int length) {
  CHECK(address.IsSet() && length >= 0 && length <= address.Bits());
  for (size_t i = 0; i < address.bytes.size(); ++i) {
    const int kept_bits = std::clamp(length - static_cast<int>(8 * i), 0, 8);
    address.bytes[i] &= static_cast<uint8_t>(0xff00 >> kept_bits);
  }
  return Prefix{.address = address, .length = static_cast<uint8_t>(length)};
}

bool Prefix::Contains(const IpAddress& other) const {
  if (!address.IsSet() || other.family != address.family) return false;
  return Of(other, length).address == address;
}

bool Prefix::IsWithin(const Prefix& outer) const {
  return length >= outer.length && outer.Contains(address);
}

std::string Prefix::ToString() const {
  if (!address.IsSet()) return {};
  return address.ToString() + "/" + std::to_string(length);
}

std::optional<SocketAddress> SocketAddress::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint32_t> port =
      ParseDecimal(text.substr(colon + 1), std::numeric_limits<uint16_t>::max());
  if (!port || *port == 0) return std::nullopt;

  const std::string_view host = text.substr(0, colon);
  std::optional<SocketAddress> result;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    result = ParseBracketed(host.substr(1, host.size() - 2));
  } else if (const auto address = IpAddress::Parse(host);
             address && address->family == IpFamily::kV4) {
    result = SocketAddress{.address = *address};
  }
  if (!result) return std::nullopt;
  result->port = static_cast<uint16_t>(*port);
  return result;
}

std::string SocketAddress::ToString() const {
  const std::string port_text = ":" + std::to_string(port);
  switch (address.family) {
    case IpFamily::kNone:
      return {};
    case IpFamily::kV4:
      return address.ToString() + port_text;
    case IpFamily::kV6:
      break;
  }
  const std::string zone = scope_id == 0 ? std::string() : "%" + std::to_string(scope_id);
  return "[" + address.ToString() + zone + "]" + port_text;
}

}  // namespace ringwire
