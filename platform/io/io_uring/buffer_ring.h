#ifndef RINGWIRE_PLATFORM_IO_IO_URING_BUFFER_RING_H_
#define RINGWIRE_PLATFORM_IO_IO_URING_BUFFER_RING_H_

#include <liburing.h>

#include <cstdint>

#include "absl/status/status.h"
#include "platform/io/io_uring/ring.h"
#include "platform/io/slots.h"

namespace ringwire::platform {

// The slots of a slab, offered to the kernel as the buffers of one group. The kernel uses them in
// the order of their return. The memory of the ring is ours (rings that the kernel maps have had
// holes, CVE-2024-0582) and outlives the Ring that it is registered with.
class BufferRing {
 public:
  struct Shape {
    uint16_t group = 0;
    uint32_t slots = 0;  // a power of two
    size_t stride = 0;
    size_t buffer_offset = 0;  // of the buffer in its slot
    uint32_t buffer_bytes = 0;
  };

  BufferRing() = default;
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  // Offers all slots.
  absl::Status Register(const Shape& shape, Ring* ring);
  uint16_t group() const { return shape_.group; }
  // The number of slots that the kernel may fill. At 0 an armed multishot request ends at once.
  uint32_t free_count() const { return free_count_; }

  // The kernel filled slot `id`; it is ours until Recycle(). Returns the start of its buffer.
  uint8_t* Take(uint16_t id) {
    --free_count_;
    return slab_.Slot(id) + shape_.buffer_offset;
  }
  void Recycle(uint16_t id);

  // For plain reads, while no request of the kernel takes slots: takes the slot that it would fill
  // next, or returns that. Not if none is free.
  uint8_t* TakeNext(uint16_t* id);
  void Untake() { ++free_count_; }

 private:
  void Offer(uint16_t id);

  Shape shape_;
  SlotSlab slab_;
  io_uring_buf_ring* ring_ = nullptr;
  uint32_t free_count_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_URING_BUFFER_RING_H_
