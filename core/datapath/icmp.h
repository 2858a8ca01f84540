#ifndef RINGWIRE_CORE_DATAPATH_ICMP_H_
#define RINGWIRE_CORE_DATAPATH_ICMP_H_

#include <cstddef>
#include <cstdint>
#include <span>

// ICMP errors for packets that cannot go through the tunnel (RFC 792, RFC 1191, RFC 4443).
namespace ringwire {

// IPv6's minimum MTU bounds an ICMPv6 error; for IPv4 RFC 1812 §4.3.2.3 asks for at most 576 bytes.
inline constexpr size_t kIcmpErrorBytesMax = 1280;

enum class IcmpError : uint8_t {
  kHostUnreachable,     // no peer for the destination: IPv4 code 1, IPv6 code 0 (no route)
  kAddressUnreachable,  // the peer has no endpoint: IPv4 code 1, IPv6 code 3
  kPacketTooBig,        // IPv4 fragmentation needed with the next-hop MTU, IPv6 type 2
};

// Writes the error that answers `packet` (a whole IP packet, as read from TUN) into `out` and
// returns its length, or 0 when none may be sent: the packet is itself an ICMP error, a fragment
// other than the first, or its source or destination is multicast, broadcast or unspecified (RFC
// 1122 §3.2.2, RFC 4443 §2.4(e)); or, for kPacketTooBig over IPv4, DF is not set. The error's
// source is the packet's destination, as the address of the gateway's own interface is not known
// here; its length is bounded by kIcmpErrorBytesMax. `out` holds at least that.
size_t WriteIcmpError(IcmpError error, uint32_t mtu, std::span<const uint8_t> packet,
                      std::span<uint8_t> out);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_ICMP_H_
