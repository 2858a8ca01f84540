#ifndef RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_
#define RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "core/base/limits.h"
#include "core/base/mutex.h"

namespace ringwire {

// The memory budget that all staged queues share (kStagedPoolBytes), so that a scan of a large
// network cannot make the gateway hoard packets. Thread-safe.
class StagedPool {
 public:
  explicit StagedPool(size_t bytes_max = kStagedPoolBytes) : bytes_max_(bytes_max) {}
  // False, and nothing taken, when that would pass the budget.
  [[nodiscard]] bool Take(size_t bytes);
  void Give(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> used_{0};
};

// Copies of the packets that wait for a peer's session, oldest first, at most
// kStagedPacketsPerPeerMax. A slow path: it locks and allocates. Thread-safe.
//
// Nobody's packet is left behind when a worker pushes and then reads PeerSlot::current again, and
// control publishes `current` and then asks empty(): all four are sequentially consistent, so at
// least one side sees the other and flushes.
class StagedQueue {
 public:
  explicit StagedQueue(StagedPool* pool) : pool_(pool) {}
  ~StagedQueue() { Clear(); }
  StagedQueue(const StagedQueue&) = delete;
  StagedQueue& operator=(const StagedQueue&) = delete;

  struct PushResult {
    bool stored = false;  // false: the pool had no room, even after dropping this peer's oldest
    size_t dropped_oldest = 0;  // packets of this peer that made room
  };
  PushResult Push(std::span<const uint8_t> packet);
  // Moves the oldest packet out. False: empty.
  [[nodiscard]] bool Pop(std::vector<uint8_t>* packet);
  // Drops all, returns how many.
  size_t Clear();
  // Without the lock.
  bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  // Takes the oldest out of the list and of the pool's account.
  std::vector<uint8_t> TakeOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  StagedPool* const pool_;
  Mutex mutex_;
  // A list allocates nothing while it is empty, and almost every peer's is.
  std::list<std::vector<uint8_t>> packets_ ABSL_GUARDED_BY(mutex_);
  std::atomic<size_t> count_{0};  // packets_.size()
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_
