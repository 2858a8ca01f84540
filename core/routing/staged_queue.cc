#include "core/routing/staged_queue.h"

#include <utility>

namespace ringwire {

bool StagedPool::Take(size_t bytes) {
  size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > bytes_max_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

StagedQueue::PushResult StagedQueue::Push(std::span<const uint8_t> packet) {
  PushResult result;
  const MutexLock lock(&mutex_);
  if (packets_.size() == kStagedPacketsPerPeerMax) {
    TakeOldest();
    ++result.dropped_oldest;
  }
  result.stored = pool_->Take(packet.size());
  while (!result.stored && !packets_.empty()) {
    TakeOldest();
    ++result.dropped_oldest;
    result.stored = pool_->Take(packet.size());
  }
  if (result.stored) packets_.emplace_back(packet.begin(), packet.end());
  count_.store(packets_.size(), std::memory_order_seq_cst);
  return result;
}

bool StagedQueue::Pop(std::vector<uint8_t>* packet) {
  const MutexLock lock(&mutex_);
  if (packets_.empty()) return false;
  *packet = TakeOldest();
  count_.store(packets_.size(), std::memory_order_seq_cst);
  return true;
}

size_t StagedQueue::Clear() {
  const MutexLock lock(&mutex_);
  const size_t dropped = packets_.size();
  while (!packets_.empty()) TakeOldest();
  count_.store(0, std::memory_order_seq_cst);
  return dropped;
}

std::vector<uint8_t> StagedQueue::TakeOldest() {
  std::vector<uint8_t> oldest = std::move(packets_.front());
  packets_.pop_front();
  pool_->Give(oldest.size());
  return oldest;
}

}  // namespace ringwire
