#ifndef RINGWIRE_CORE_DATAPATH_TRANSPORT_HEADER_H_
#define RINGWIRE_CORE_DATAPATH_TRANSPORT_HEADER_H_

#include <cstddef>
#include <cstdint>

#include "core/base/endian.h"
#include "core/wire/checksum.h"
#include "core/wire/ip_packet.h"

// TCP's and UDP's headers as splitting and merging see them: offsets from the transport header's
// first byte.
namespace ringwire {

inline constexpr uint8_t kProtocolTcp = 6, kProtocolUdp = 17;

inline constexpr size_t kTcpHeaderBytesMin = 20;
inline constexpr size_t kTcpSequence = 4, kTcpAcknowledgement = 8, kTcpDataOffset = 12,
                        kTcpFlags = 13, kTcpWindow = 14, kTcpChecksum = 16, kTcpUrgent = 18;
inline constexpr uint8_t kTcpFin = 0x01, kTcpSyn = 0x02, kTcpRst = 0x04, kTcpPsh = 0x08,
                         kTcpAck = 0x10, kTcpUrg = 0x20, kTcpEce = 0x40, kTcpCwr = 0x80;

inline constexpr size_t kUdpHeaderBytes = 8;
inline constexpr size_t kUdpLength = 4, kUdpChecksum = 6;

// The sum of the pseudo-header for `transport_bytes` behind the IP header at `ip`.
inline uint64_t PseudoHeaderSumOf(const uint8_t* ip, IpFamily family, uint8_t protocol,
                                  size_t transport_bytes) {
  const auto length = static_cast<uint32_t>(transport_bytes);
  if (family == IpFamily::kV4) return ChecksumPartial({ip + 12, 8}, uint64_t{protocol} + length);
  return ChecksumPartial({ip + 8, 32}, uint64_t{protocol} + (length >> 16) + (length & 0xffff));
}

// The sums of what all packets of one superpacket have in common. `ip`: the IPv4 header without
// length and identification. `transport`: pseudo-header and transport header without lengths,
// sequence number and the word of the TCP flags. Neither has a checksum field.
struct CommonSums {
  uint64_t ip = 0;
  uint64_t transport = 0;
};

// A word that was summed and is not to be: in one's complement this takes it out again.
inline uint64_t Without(const uint8_t* word) { return 0xffffu ^ LoadBe16(word); }

// `header_bytes`: IP and transport, both of an even length.
inline CommonSums CommonSumsOf(const uint8_t* ip, IpFamily family, bool is_tcp,
                               size_t ip_header_bytes, size_t header_bytes) {
  CommonSums sums;
  if (family == IpFamily::kV4) {
    sums.ip = ChecksumPartial({ip, ip_header_bytes},
                              Without(ip + 2) + Without(ip + 4) + Without(ip + 10));
  }
  const uint8_t* const transport = ip + ip_header_bytes;
  uint64_t sum = PseudoHeaderSumOf(ip, family, is_tcp ? kProtocolTcp : kProtocolUdp, 0);
  if (is_tcp) {
    sum += Without(transport + kTcpSequence) + Without(transport + kTcpSequence + 2) +
           Without(transport + kTcpDataOffset) + Without(transport + kTcpChecksum);
  } else {
    sum += Without(transport + kUdpLength) + Without(transport + kUdpChecksum);
  }
  sums.transport = ChecksumPartial({transport, header_bytes - ip_header_bytes}, sum);
  return sums;
}

// The sum of the fields that CommonSums::transport leaves out, without the checksum.
inline uint64_t VaryingSum(const uint8_t* transport, bool is_tcp, size_t transport_bytes) {
  if (!is_tcp) return 2 * uint64_t{transport_bytes};  // in the pseudo-header and in the header
  return transport_bytes + LoadBe16(transport + kTcpSequence) +
         LoadBe16(transport + kTcpSequence + 2) + LoadBe16(transport + kTcpDataOffset);
}

// Writes the total length of an IP packet, and for IPv4 the header checksum (options included).
inline void StoreIpLength(uint8_t* ip, IpFamily family, size_t total_bytes) {
  if (family == IpFamily::kV6) {
    StoreBe16(ip + 4, static_cast<uint16_t>(total_bytes - kIpv6HeaderBytes));
    return;
  }
  StoreBe16(ip + 2, static_cast<uint16_t>(total_bytes));
  StoreBe16(ip + 10, 0);
  const size_t header_bytes = size_t{ip[0] & 0x0fu} * 4;
  const uint16_t sum = FoldChecksum(ChecksumPartial({ip, header_bytes}));
  StoreBe16(ip + 10, static_cast<uint16_t>(~sum));
}

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_TRANSPORT_HEADER_H_
