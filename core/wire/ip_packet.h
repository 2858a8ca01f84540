#ifndef RINGWIRE_CORE_WIRE_IP_PACKET_H_
#define RINGWIRE_CORE_WIRE_IP_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/wire/address.h"

namespace ringwire {

inline constexpr size_t kIpv4HeaderBytesMin = 20;
inline constexpr size_t kIpv6HeaderBytes = 40;

// The fields of an IP packet that routing needs. Checked: total_bytes <= the bytes given, the
// header lies inside, all lengths computed in size_t (an IPv6 payload length plus 40 does not fit
// 16 bits).
struct IpPacket {
  IpFamily family = IpFamily::kNone;
  IpAddress source;
  IpAddress destination;
  size_t total_bytes = 0;   // from the header; further bytes are padding
  size_t header_bytes = 0;  // IPv4 with options; IPv6's fixed 40
  uint8_t tos = 0;          // DSCP and ECN
  uint8_t protocol = 0;     // IPv4 protocol, IPv6 next header
};

// Reads the version nibble; kNone for an empty packet or another version.
IpFamily IpVersionOf(std::span<const uint8_t> packet);
// nullopt: not IP, or its lengths do not fit. IpVersionOf() tells the two apart.
std::optional<IpPacket> ParseIpPacket(std::span<const uint8_t> packet);

// The position of the transport header: after IPv4's options or IPv6's extension headers.
struct IpPayload {
  uint8_t protocol = 0;
  size_t offset = 0;  // from the packet's first byte; at most total_bytes
  bool is_fragment = false;
  bool is_first_fragment = true;  // true also for a packet that is no fragment
  bool is_source_routed = false;  // IPv6 only: the destination is not yet the final one
};
// `ip` is the result of ParseIpPacket() for `packet`. Stops at an IPv6 fragment header that is not
// of the first fragment. nullopt: the extension headers do not fit, or there are too many.
std::optional<IpPayload> FindIpPayload(std::span<const uint8_t> packet, const IpPacket& ip);
// Hop-by-hop and destination options, routing, fragment, authentication (RFC 8200 §4).
bool IsIpv6ExtensionHeader(uint8_t next_header);

// Replaces the TOS / traffic class byte; for IPv4 the header checksum follows incrementally (RFC
// 1624).
void SetTos(std::span<uint8_t> packet, uint8_t tos);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_IP_PACKET_H_
