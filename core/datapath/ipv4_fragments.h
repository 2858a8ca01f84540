#ifndef RINGWIRE_CORE_DATAPATH_IPV4_FRAGMENTS_H_
#define RINGWIRE_CORE_DATAPATH_IPV4_FRAGMENTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/wire/ip_packet.h"

namespace ringwire {

// Cuts an IPv4 packet, or a fragment of one, into fragments (RFC 791 §3.2). For packets that a
// router may cut, because their DF bit is not set.
class Ipv4Fragments {
 public:
  // Whether the packet may be cut. One with options may not: which of them each fragment repeats is
  // not worth the code.
  static bool MayCut(std::span<const uint8_t> packet, const IpPacket& ip);

  // `packet` outlives it and MayCut(). `bytes_max`, of one fragment, holds more than the header.
  Ipv4Fragments(std::span<const uint8_t> packet, uint32_t bytes_max);
  // Writes the next one to `out`, which it resizes. False: there is none.
  bool Next(std::vector<uint8_t>* out);

 private:
  const std::span<const uint8_t> packet_;
  const size_t payload_bytes_max_;  // of all but the last
  size_t at_ = kIpv4HeaderBytesMin;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_IPV4_FRAGMENTS_H_
