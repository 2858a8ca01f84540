#ifndef RINGWIRE_CORE_WIRE_ADDRESS_H_
#define RINGWIRE_CORE_WIRE_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringwire {

enum class IpFamily : uint8_t { kNone = 0, kV4 = 4, kV6 = 6 };

// An IPv4 or IPv6 address in network byte order. IPv4 uses the first four bytes, the others are
// zero.
struct IpAddress {
  IpFamily family = IpFamily::kNone;
  std::array<uint8_t, 16> bytes{};

  static IpAddress V4(std::span<const uint8_t, 4> network_order);
  static IpAddress V6(std::span<const uint8_t, 16> network_order);
  // Text form, without brackets, port, prefix or zone.
  static std::optional<IpAddress> Parse(std::string_view text);
  // IPv4 in any form that the system's resolver accepts as an address: 127.1, 2130706433, 0x7f.1.
  // Note that 010.0.0.1 is 8.0.0.1.
  static std::optional<IpAddress> ParseOldFormOfV4(std::string_view text);

  bool IsSet() const { return family != IpFamily::kNone; }
  // fe80::/10: such an address has a meaning only together with its interface.
  bool IsLinkLocalV6() const;
  int Bits() const { return family == IpFamily::kV4 ? 32 : 128; }
  // RFC 5952 for IPv6. Empty when not set.
  std::string ToString() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// A prefix whose host bits are zero.
struct Prefix {
  IpAddress address;
  uint8_t length = 0;

  // "a/b", or "a" for a host prefix. Clears host bits and ignores leading zeros of the length, as
  // every WireGuard tool does.
  static std::optional<Prefix> Parse(std::string_view text);
  static Prefix Of(IpAddress address, int length);

  bool IsHost() const { return length == address.Bits(); }  // one address
  bool Contains(const IpAddress& other) const;
  // True when every address of this prefix is in `outer`, which may be the same prefix.
  bool IsWithin(const Prefix& outer) const;
  std::string ToString() const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct SocketAddress {
  IpAddress address;
  uint16_t port = 0;      // host byte order
  uint32_t scope_id = 0;  // interface of a link-local IPv6 address, else 0

  // "1.2.3.4:51820" or "[fe80::1%3]:51820" (numeric zone only); names are resolved elsewhere.
  static std::optional<SocketAddress> Parse(std::string_view text);
  std::string ToString() const;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// A peer's address, and the local address that it sends to, from which replies leave.
struct Endpoint {
  SocketAddress remote;
  IpAddress local;  // not set: the kernel's routing chooses
  // The interface on which the peer's packets arrive; 0: unknown. Packets to the peer leave through
  // the interface that the kernel's routing chooses, unless `local` is link-local and so needs this
  // one.
  uint32_t local_interface = 0;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_ADDRESS_H_
