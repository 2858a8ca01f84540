#include "core/control/deadline_queue.h"

namespace ringwire {

void DeadlineQueue::Set(uint32_t peer_index, Instant deadline) {
  if (peer_index >= deadlines_.size()) {
    if (deadline.IsInfiniteFuture()) return;
    deadlines_.resize(size_t{peer_index} + 1, Instant::InfiniteFuture());
  }
  Instant& present = deadlines_[peer_index];
  if (present == deadline) return;
  if (!present.IsInfiniteFuture()) ordered_.erase({present, peer_index});
  if (!deadline.IsInfiniteFuture()) ordered_.emplace(deadline, peer_index);
  present = deadline;
}

Instant DeadlineQueue::earliest() const {
  return ordered_.empty() ? Instant::InfiniteFuture() : ordered_.begin()->first;
}

std::optional<uint32_t> DeadlineQueue::PopDue(Instant now) {
  if (ordered_.empty() || ordered_.begin()->first > now) return std::nullopt;
  const uint32_t peer_index = ordered_.begin()->second;
  Remove(peer_index);
  return peer_index;
}

}  // namespace ringwire
