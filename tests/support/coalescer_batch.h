#ifndef RINGWIRE_TESTS_SUPPORT_COALESCER_BATCH_H_
#define RINGWIRE_TESTS_SUPPORT_COALESCER_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/datapath/coalesce.h"
#include "core/datapath/offload.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// The contents of a write: virtio-net header and gathered packet.
struct Written {
  VnetHeader vnet;
  Bytes packet;
  uint32_t segment_count = 0;

  // The packets into which the kernel splits it.
  std::vector<Bytes> Packets() const {
    if (vnet.gso_type == VnetHeader::kGsoNone) return {packet};
    return PlainSplit(packet, vnet.gso_size);
  }
};

// A coalescer with the packets' memory.
class CoalescerBatch {
 public:
  explicit CoalescerBatch(bool tcp = true, bool udp = true) : coalescer_(tcp, udp) {}

  void Add(const Bytes& packet) {
    Bytes buffer(kVnetHeaderBytes, 0xcc);
    buffer.insert(buffer.end(), packet.begin(), packet.end());
    buffers_.push_back(std::move(buffer));
    ASSERT_TRUE(coalescer_.Add(std::span(buffers_.back()).subspan(kVnetHeaderBytes)));
  }
  void Add(const PacketSpec& spec) { Add(BuildPacket(spec)); }

  std::vector<Written> Write() {
    std::vector<Written> result;
    for (const TunWrite& write : coalescer_.Finish()) {
      Bytes bytes;
      for (const Piece& piece : coalescer_.Pieces(write)) {
        bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
      }
      EXPECT_EQ(bytes.size(), write.bytes);
      EXPECT_EQ(write.segment_count, write.piece_count);
      const auto header = std::span(bytes).first<kVnetHeaderBytes>();
      result.push_back({VnetHeader::Load(header),
                        Bytes(bytes.begin() + kVnetHeaderBytes, bytes.end()), write.segment_count});
    }
    coalescer_.Reset();
    buffers_.clear();
    return result;
  }

  // The number of packets in each write.
  std::vector<uint32_t> Shape() {
    std::vector<uint32_t> shape;
    for (const Written& written : Write()) shape.push_back(written.segment_count);
    return shape;
  }

 private:
  Coalescer coalescer_;
  std::vector<Bytes> buffers_;
};

// The packets of each write of a batch.
using Shape = std::vector<uint32_t>;

inline PacketSpec Tcp(uint32_t sequence, size_t payload_bytes, IpFamily family = IpFamily::kV4) {
  PacketSpec spec{.kind = PacketKind::kTcp, .family = family};
  spec.sequence = sequence;
  spec.payload_bytes = payload_bytes;
  spec.payload_seed = static_cast<uint8_t>(sequence);
  return spec;
}

inline PacketSpec Udp(uint16_t ip_id, size_t payload_bytes, IpFamily family = IpFamily::kV4) {
  PacketSpec spec{.kind = PacketKind::kUdp, .family = family};
  spec.ip_id = ip_id;
  spec.payload_bytes = payload_bytes;
  spec.payload_seed = static_cast<uint8_t>(ip_id);
  return spec;
}

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_COALESCER_BATCH_H_
