#ifndef RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_
#define RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "core/base/limits.h"
#include "core/base/mutex.h"

namespace ringwire {

class StagedQueue;

// The memory budget that all staged queues share, so that a scan of a large network cannot fill the
// gateway's memory. It is shared fairly: one peer holds at most its quota, and when the budget is
// used up, the oldest packet of the peer that holds most makes room. So a peer that has little
// waiting is served, however many others fill the pool.
//
// Thread-safe. One lock serves all queues and is held for a few list operations only: packets are
// copied and freed outside of it.
class StagedPool {
 public:
  // Both in bytes of packets. The quota takes any packet, or that packet could never be stored.
  explicit StagedPool(size_t bytes_max = kStagedPoolBytes,
                      size_t bytes_per_peer_max = kStagedBytesPerPeerMax)
      : bytes_max_(bytes_max), bytes_per_peer_max_(bytes_per_peer_max) {}
  StagedPool(const StagedPool&) = delete;
  StagedPool& operator=(const StagedPool&) = delete;

  // Bytes that all queues hold.
  size_t used() const {
    const MutexLock lock(&mutex_);
    return used_;
  }

 private:
  friend class StagedQueue;

  // Shares of the quota by which queues are told apart: 1 KiB each. 0 is an empty queue.
  static constexpr size_t kSharesMax = 256;
  size_t ShareOf(size_t bytes) const {
    return bytes == 0 ? 0 : 1 + bytes * (kSharesMax - 1) / bytes_per_peer_max_;
  }
  // Files the queue anew after a change of what it holds.
  void File(StagedQueue* queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of several with the greatest share, the one that has had it longest. Something is held.
  StagedQueue* HoldsMost() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t bytes_max_;
  const size_t bytes_per_peer_max_;
  mutable Mutex mutex_;
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
  // The queues that hold something, by their share.
  std::array<std::list<StagedQueue*>, kSharesMax + 1> by_share_ ABSL_GUARDED_BY(mutex_);
  // No queue has a greater share than this.
  size_t share_bound_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Copies of the packets that wait for a peer's session, oldest first, at most
// kStagedPacketsPerPeerMax. A slow path: it locks and allocates. Thread-safe.
//
// No packet stays behind: a worker pushes and then reads PeerSlot::current again; control publishes
// `current` and then calls empty(). All four are sequentially consistent, so at least one side sees
// the other and flushes.
class StagedQueue {
 public:
  explicit StagedQueue(StagedPool* pool) : pool_(pool) {}
  ~StagedQueue() { Clear(); }
  StagedQueue(const StagedQueue&) = delete;
  StagedQueue& operator=(const StagedQueue&) = delete;

  // What was dropped may include the packet itself; then it is not stored.
  struct PushResult {
    bool stored = false;
    size_t dropped_own = 0;       // packets of this peer, over its own limits
    size_t dropped_for_pool = 0;  // packets of whoever held most, over the pool's
  };
  PushResult Push(std::span<const uint8_t> packet);
  // Moves the oldest packet out. False: empty.
  [[nodiscard]] bool Pop(std::vector<uint8_t>* packet);
  // Drops all, returns how many.
  size_t Clear();
  // Without the lock.
  bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  friend class StagedPool;
  using Packets = std::list<std::vector<uint8_t>>;

  // Moves the oldest packet to the end of `out` and returns its size, for the pool's account.
  size_t TakeOldest(Packets* out);

  StagedPool* const pool_;
  // Guarded by the pool's mutex. Not annotated: a push takes packets out of other queues, and clang
  // cannot know that these have the same pool.
  // A list allocates nothing while it is empty, and almost every peer's is.
  Packets packets_;
  size_t bytes_ = 0;  // of packets_
  // Where the pool has filed this queue; `place_` is valid while `share_` is not 0.
  size_t share_ = 0;
  std::list<StagedQueue*>::iterator place_;
  // packets_.size(); written under the mutex, read without it.
  std::atomic<size_t> count_{0};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_STAGED_QUEUE_H_
