#ifndef RINGWIRE_CORE_DATAPATH_COALESCE_H_
#define RINGWIRE_CORE_DATAPATH_COALESCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "core/base/limits.h"
#include "core/datapath/offload.h"

namespace ringwire {

// One piece of a gathered write; borrowed.
struct Piece {
  uint8_t* data = nullptr;
  uint32_t size = 0;
};

// One write to TUN: a packet, or consecutive packets of one flow merged into a superpacket that the
// kernel takes as one. The first piece begins with the virtio-net header.
struct TunWrite {
  uint32_t first_piece = 0;
  uint32_t piece_count = 0;
  uint32_t segment_count = 0;  // packets in it; one piece each
  uint32_t bytes = 0;          // of all pieces: what the write call returns when it took everything
};

// Merges the opened packets of one batch (plaintext IP packets whose source was already checked)
// into few writes to TUN that the kernel can undo exactly: its split yields the same packets, byte
// for byte, except for the IPv4 identification of packets with DF, which has no meaning (RFC 6864
// §4.1). Nothing is copied; a merged packet's headers are rewritten in place, in its first packet.
//
// A flow's packets leave in the order in which they came. One exception: a pure TCP acknowledgement
// does not end its flow's merge, so later data may overtake it.
//
// Verifies every transport checksum before a merge, because merging computes it anew. A packet that
// fails passes through alone, for the receiver to drop.
//
// Owned and used by one worker. Allocates at construction only.
class Coalescer {
 public:
  // The largest batch of a backend.
  static constexpr size_t kPacketsMax = kBatchRunsMax * kTrainSegmentsMax;

  // With `tcp` or `udp` off these packets are written one by one: for a kernel that refuses the
  // superpackets.
  Coalescer(bool tcp, bool udp);
  Coalescer(const Coalescer&) = delete;
  Coalescer& operator=(const Coalescer&) = delete;

  // Writes every packet by itself from the next batch on: the kernel refused a superpacket.
  void StopMerging() { is_tcp_on_ = is_udp_on_ = false; }
  // Forgets the batch, whose buffers may be reused from now on.
  void Reset();
  // Takes a packet of exactly its IP total length. The packet stays borrowed until the batch has
  // been written, and so do the kVnetHeaderBytes before it, which are overwritten. False: the batch
  // is full and the packet was not taken; write the batch, Reset() and add the packet again.
  [[nodiscard]] bool Add(std::span<uint8_t> packet);
  // Ends the batch, once: writes the headers and returns the writes in order.
  std::span<const TunWrite> Finish();
  // The pieces of a write of the last Finish().
  std::span<const Piece> Pieces(const TunWrite& write) const {
    return {pieces_.get() + write.first_piece, write.piece_count};
  }
  // The pieces that first_piece indexes.
  std::span<const Piece> pieces() const { return {pieces_.get(), kPacketsMax}; }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  // More concurrent flows in one batch only merge less: a displaced flow starts a new item.
  static constexpr size_t kFlowSlots = 256;
  static constexpr size_t kFlowProbes = 4;

  // How a packet may merge, from never to always.
  enum class Kind : uint8_t {
    kUnrelated,  // of no known flow, or one whose order does not matter
    kAnyFlow,    // a fragment, options: its flow is not known, so it ends every merge
    kEndsMerge,  // alone, and nothing behind it may pass it
    kMergeable,
  };
  struct Segment {
    uint8_t* data = nullptr;
    uint32_t size = 0;
    Kind kind = Kind::kUnrelated;
    IpFamily family = IpFamily::kNone;
    bool is_tcp = false;
    uint32_t ip_header_bytes = 0;
    uint32_t header_bytes = 0;  // IP and transport

    uint8_t* transport() const { return data + ip_header_bytes; }
    uint32_t payload_bytes() const { return size - header_bytes; }
  };
  // A packet of the batch, in a list with those it was merged with.
  struct Entry {
    Piece piece;  // the payload; of the first packet of an item, the packet
    uint32_t next = kNone;
  };
  // An unfinished write.
  struct Item {
    Segment first;
    uint32_t first_entry = kNone;
    uint32_t last_entry = kNone;
    uint32_t count = 1;
    uint32_t total_bytes = 0;  // of the merged IP packet
    uint32_t slot = kNone;     // where in slots_ its flow is
    uint8_t last_tcp_flags = 0;
    bool is_open = false;            // takes more packets
    bool is_first_verified = false;  // delayed until a second packet comes
    CommonSums common;               // once it is verified
  };
  struct Slot {
    uint32_t epoch = 0;  // empty unless equal to epoch_
    uint32_t hash = 0;
    uint32_t item = kNone;
  };

  Segment Classify(std::span<uint8_t> packet) const;
  Kind ClassifyTcp(Segment* segment) const;
  Kind ClassifyUdp(Segment* segment) const;
  static bool IsSameFlow(const Segment& a, const Segment& b);
  static bool IsSameIpHeader(const Item& item, const Segment& segment);
  static bool IsNextTcp(const Item& item, const Segment& segment);
  static bool IsChecksumRight(const Segment& segment, const CommonSums& common);

  Item* FindItem(const Segment& segment, uint32_t hash);
  bool TryAppend(Item* item, const Segment& segment);
  uint32_t NewItem(const Segment& segment);
  void OpenFlow(uint32_t item_index, uint32_t slot, uint32_t hash);
  uint32_t ChooseSlot(uint32_t hash) const;
  // Ends every merge in O(1).
  void CloseFlows();
  static void WriteHeaders(const Item& item);

  bool is_tcp_on_;
  bool is_udp_on_;
  // About half a megabyte together, kPacketsMax of each.
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<Item[]> items_;
  std::unique_ptr<Piece[]> pieces_;
  std::unique_ptr<TunWrite[]> writes_;
  uint32_t entry_count_ = 0;
  uint32_t item_count_ = 0;
  std::array<Slot, kFlowSlots> slots_{};
  uint32_t epoch_ = 1;
  uint32_t latest_ =
      kNone;  // the item of the flow that was seen last: the first guess for the next packet
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_COALESCE_H_
