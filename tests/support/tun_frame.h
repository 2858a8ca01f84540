#ifndef RINGWIRE_TESTS_SUPPORT_TUN_FRAME_H_
#define RINGWIRE_TESTS_SUPPORT_TUN_FRAME_H_

#include <cstdint>
#include <span>

#include "core/datapath/offload.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// A frame as the kernel delivers it: virtio-net header, then the packet.
inline Bytes TunFrameOf(const VnetHeader& vnet, const Bytes& packet) {
  Bytes frame(kVnetHeaderBytes);
  vnet.Store(std::span(frame).first<kVnetHeaderBytes>());
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

// The header of a TCP superpacket over IPv4 whose IP header has no options.
inline VnetHeader TcpGso(uint16_t gso_size) {
  return {.flags = VnetHeader::kNeedsChecksum,
          .gso_type = VnetHeader::kGsoTcpV4,
          .header_bytes = 40,
          .gso_size = gso_size,
          .checksum_start = 20,
          .checksum_offset = 16};
}

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_TUN_FRAME_H_
