#ifndef RINGWIRE_CORE_BASE_SPSC_QUEUE_H_
#define RINGWIRE_CORE_BASE_SPSC_QUEUE_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace ringwire {

// A ring with one producer thread and one consumer thread, of fixed capacity (a power of two).
// Elements are moved in and out; neither end ever waits. Either end may call `size()`, which counts
// what the other end has published.
template <typename T>
class SpscQueue {
 public:
  explicit SpscQueue(size_t capacity) : mask_(capacity - 1), slots_(new T[capacity]) {
    CHECK(std::has_single_bit(capacity));
  }
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;

  // Producer. False: full, and `value` is untouched.
  [[nodiscard]] bool TryPush(T&& value) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) > mask_) return false;
    slots_[tail & mask_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  // Consumer. False: empty.
  [[nodiscard]] bool TryPop(T* value) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    *value = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  size_t size() const {
    const size_t head = head_.load(std::memory_order_acquire);
    return tail_.load(std::memory_order_acquire) - head;
  }
  size_t capacity() const { return mask_ + 1; }

 private:
  const size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_SPSC_QUEUE_H_
