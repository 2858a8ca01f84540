#ifndef RINGWIRE_CORE_BASE_RUN_H_
#define RINGWIRE_CORE_BASE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/check.h"

namespace ringwire {

// The unit of every batch: `count` segments that lie `stride` bytes apart in one buffer, all
// `segment_bytes` long but the last, which may be shorter. A plain packet is a run of one. A GRO
// train from the wire and a send train have stride == segment_bytes, as the kernel requires. A Run
// borrows its bytes; the owner of the batch states how long they live.
struct Run {
  uint8_t* data = nullptr;
  uint32_t stride = 0;         // bytes from one segment's first byte to the next one's
  uint32_t segment_bytes = 0;  // length of every segment but the last
  uint32_t last_bytes = 0;     // length of the last, 0 < last_bytes <= segment_bytes
  uint32_t count = 0;

  static Run Of(std::span<uint8_t> packet) {
    const auto size = static_cast<uint32_t>(packet.size());
    return Run{packet.data(), size, size, size, 1};
  }
  // A datagram or GRO train of `bytes` as the kernel reports it: cut every `segment_bytes` (0: not
  // a train).
  static Run Train(std::span<uint8_t> bytes, size_t segment_bytes) {
    if (segment_bytes == 0 || segment_bytes >= bytes.size()) return Of(bytes);
    const auto segment = static_cast<uint32_t>(segment_bytes);
    const auto count = static_cast<uint32_t>((bytes.size() + segment_bytes - 1) / segment_bytes);
    const auto last = static_cast<uint32_t>(bytes.size()) - (count - 1) * segment;
    return Run{bytes.data(), segment, segment, last, count};
  }

  std::span<uint8_t> Segment(size_t i) const {
    DCHECK(i < count);
    return {data + i * stride, i + 1 == count ? last_bytes : segment_bytes};
  }
  // Bytes of all segments, gaps between them left out.
  size_t PayloadBytes() const { return size_t{segment_bytes} * (count - 1) + last_bytes; }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_RUN_H_
