#ifndef RINGWIRE_TESTS_SUPPORT_PACKET_BUILDER_H_
#define RINGWIRE_TESTS_SUPPORT_PACKET_BUILDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/wire/address.h"

// IP packets for tests, and plain versions of the product's fast functions: written from the RFCs,
// byte by byte, without code of core/, so that they can check it.
namespace ringwire {

using Bytes = std::vector<uint8_t>;

enum class PacketKind : uint8_t { kTcp, kUdp, kIcmpEcho };

// TCP flag bits, for PacketSpec::tcp_flags.
struct TcpFlag {
  static constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10,
                           kUrg = 0x20, kEce = 0x40, kCwr = 0x80;
};

// The addresses 10.0.0.`host` and fd00::`host`.
constexpr IpAddress TestAddress(IpFamily family, uint8_t host) {
  IpAddress address;
  address.family = family;
  address.bytes[0] = family == IpFamily::kV4 ? 10 : 0xfd;
  address.bytes[family == IpFamily::kV4 ? 3 : 15] = host;
  return address;
}

struct PacketSpec {
  PacketKind kind = PacketKind::kUdp;
  IpFamily family = IpFamily::kV4;
  IpAddress source{};       // not set: TestAddress(family, 1)
  IpAddress destination{};  // not set: TestAddress(family, 2)
  uint8_t ttl = 64;
  uint8_t tos = 0;
  uint16_t ip_id = 1;              // IPv4 only
  bool dont_fragment = true;       // IPv4 only
  bool more_fragments = false;     // IPv4 only
  uint16_t fragment_offset = 0;    // IPv4 only, in units of 8 bytes
  Bytes ip_options{};              // IPv4 only, a multiple of 4 bytes
  uint32_t flow_label = 0;         // IPv6 only
  Bytes extension_headers{};       // IPv6 only, whole; the last one's next-header byte is filled in
  uint8_t extension_protocol = 0;  // of the first of them
  uint16_t source_port = 40000;    // of an echo request: its identifier
  uint16_t destination_port = 5201;  // of an echo request: its sequence number
  uint32_t sequence = 1000;
  uint32_t acknowledgement = 2000;
  uint16_t window = 512;
  uint8_t tcp_flags = TcpFlag::kAck;
  Bytes tcp_options{};       // a multiple of 4 bytes
  bool udp_checksum = true;  // false: the field is zero
  size_t payload_bytes = 0;
  uint8_t payload_seed = 1;  // byte i of the payload is PatternByte(seed, i)
};

// Not periodic in any power of two, so that swapped or shifted pieces show.
constexpr uint8_t PatternByte(uint8_t seed, size_t i) {
  return static_cast<uint8_t>(seed * 31u + i * 7u + i / 251u);
}

// A packet with all lengths and checksums right.
Bytes BuildPacket(const PacketSpec& spec);

// A superpacket as the kernel delivers it: like BuildPacket(), but the transport checksum is the
// folded sum of the pseudo-header. `payload_bytes` may exceed what one packet of the link would
// hold.
Bytes BuildSuperpacket(const PacketSpec& spec);

// The internet checksum of `bytes` (inverted, host order), two bytes at a time.
uint16_t PlainChecksum(std::span<const uint8_t> bytes, uint32_t initial = 0);

// Fills in the IPv4 header checksum, for a test that patched a header.
void FixIpv4HeaderChecksum(std::span<uint8_t> packet);
// Fills in the checksum of the TCP, UDP or ICMP inside.
void FixTransportChecksum(std::span<uint8_t> packet);

// Whether everything that a receiver checks is right: the IP length equals the packet's, the IPv4
// header checksum, UDP's length, and the checksum of TCP, UDP and ICMP (zero is "none" in UDP over
// IPv4). Checks only the IP header of fragments and other protocols. IPv6 extension headers must
// fit.
bool PlainIsValid(std::span<const uint8_t> packet);

// The packets into which a TCP or UDP superpacket splits.
std::vector<Bytes> PlainSplit(std::span<const uint8_t> packet, size_t gso_size);

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_PACKET_BUILDER_H_
