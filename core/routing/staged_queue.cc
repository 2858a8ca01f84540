#include "core/routing/staged_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/check.h"

namespace ringwire {

void StagedPool::File(StagedQueue* queue) {
  const size_t share = ShareOf(queue->bytes_);
  if (share == queue->share_) return;
  std::list<StagedQueue*>& to = by_share_[share];
  if (queue->share_ == 0) {
    queue->place_ = to.insert(to.end(), queue);
  } else if (share == 0) {
    by_share_[queue->share_].erase(queue->place_);
  } else {
    to.splice(to.end(), by_share_[queue->share_], queue->place_);
  }
  queue->share_ = share;
  share_bound_ = std::max(share_bound_, share);
}

StagedQueue* StagedPool::HoldsMost() {
  while (by_share_[share_bound_].empty()) {
    CHECK(share_bound_ > 0);
    --share_bound_;
  }
  return by_share_[share_bound_].front();
}

StagedQueue::PushResult StagedQueue::Push(std::span<const uint8_t> packet) {
  Packets copy;  // made before the lock is taken
  copy.emplace_back(packet.begin(), packet.end());
  Packets dropped;  // freed after it is given back
  PushResult result;
  const MutexLock lock(&pool_->mutex_);
  packets_.splice(packets_.end(), copy);
  bytes_ += packet.size();
  pool_->used_ += packet.size();
  while (packets_.size() > kStagedPacketsPerPeerMax || bytes_ > pool_->bytes_per_peer_max_) {
    pool_->used_ -= TakeOldest(&dropped);
    ++result.dropped_own;
  }
  pool_->File(this);
  while (pool_->used_ > pool_->bytes_max_) {
    StagedQueue* const most = pool_->HoldsMost();
    pool_->used_ -= most->TakeOldest(&dropped);
    pool_->File(most);
    most->count_.store(most->packets_.size(), std::memory_order_seq_cst);
    ++result.dropped_for_pool;
  }
  // The newest goes last.
  result.stored = !packets_.empty();
  count_.store(packets_.size(), std::memory_order_seq_cst);
  return result;
}

bool StagedQueue::Pop(std::vector<uint8_t>* packet) {
  Packets oldest;
  const MutexLock lock(&pool_->mutex_);
  if (packets_.empty()) return false;
  pool_->used_ -= TakeOldest(&oldest);
  pool_->File(this);
  count_.store(packets_.size(), std::memory_order_seq_cst);
  *packet = std::move(oldest.front());
  return true;
}

size_t StagedQueue::Clear() {
  Packets dropped;
  const MutexLock lock(&pool_->mutex_);
  dropped.swap(packets_);
  pool_->used_ -= std::exchange(bytes_, 0);
  pool_->File(this);
  count_.store(0, std::memory_order_seq_cst);
  return dropped.size();
}

size_t StagedQueue::TakeOldest(Packets* out) {
  const size_t bytes = packets_.front().size();
  bytes_ -= bytes;
  out->splice(out->end(), packets_, packets_.begin());
  return bytes;
}

}  // namespace ringwire
