#ifndef RINGWIRE_CORE_CONTROL_DEADLINE_QUEUE_H_
#define RINGWIRE_CORE_CONTROL_DEADLINE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "core/base/instant.h"

namespace ringwire {

// The next deadline of each peer: at most one per peer, earliest first and, among equal ones,
// lowest peer index first, so that a simulation repeats. Thread-compatible.
class DeadlineQueue {
 public:
  // Replaces the peer's deadline; InfiniteFuture takes it away.
  void Set(uint32_t peer_index, Instant deadline);
  void Remove(uint32_t peer_index) { Set(peer_index, Instant::InfiniteFuture()); }

  // InfiniteFuture when the queue is empty.
  Instant earliest() const;
  // Takes the first peer whose deadline is not after `now`; nullopt: none is due.
  std::optional<uint32_t> PopDue(Instant now);
  size_t size() const { return ordered_.size(); }

 private:
  absl::btree_set<std::pair<Instant, uint32_t>> ordered_;
  std::vector<Instant> deadlines_;  // by peer index: the peer's position in ordered_
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_DEADLINE_QUEUE_H_
