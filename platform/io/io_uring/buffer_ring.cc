#include "platform/io/io_uring/buffer_ring.h"

#include <sys/mman.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

size_t RingBytes(uint32_t slots) { return slots * sizeof(io_uring_buf); }

}  // namespace

BufferRing::~BufferRing() {
  if (ring_ != nullptr) ::munmap(ring_, RingBytes(shape_.slots));
}

absl::Status BufferRing::Register(const Shape& shape, Ring* ring) {
  CHECK(ring_ == nullptr && (shape.slots & (shape.slots - 1)) == 0);
  RETURN_IF_ERROR(slab_.Allocate(shape.slots, shape.stride));
  void* const memory = ::mmap(nullptr, RingBytes(shape.slots), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "map a buffer ring");
  ring_ = static_cast<io_uring_buf_ring*>(memory);
  shape_ = shape;
  io_uring_buf_ring_init(ring_);
  for (uint32_t id = 0; id < shape.slots; ++id) Offer(static_cast<uint16_t>(id));
  return ring->RegisterBuffers(shape.group, ring_, shape.slots);
}

void BufferRing::Offer(uint16_t id) {
  io_uring_buf_ring_add(ring_, slab_.Slot(id) + shape_.buffer_offset, shape_.buffer_bytes, id,
                        static_cast<int>(shape_.slots - 1), 0);
  io_uring_buf_ring_advance(ring_, 1);
  ++free_count_;
}

uint8_t* BufferRing::TakeNext(uint16_t* id) {
  DCHECK(free_count_ > 0);
  // The free slots are the last ones offered.
  *id = ring_->bufs[(ring_->tail - free_count_) & (shape_.slots - 1)].bid;
  return Take(*id);
}

void BufferRing::Recycle(uint16_t id) {
  DCHECK(free_count_ < shape_.slots);
  Offer(id);
}

}  // namespace ringwire::platform
