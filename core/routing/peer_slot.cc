#include "core/routing/peer_slot.h"

#include <algorithm>

namespace ringwire {

namespace {

// 0 is taken: it means "not since".
int64_t StampOf(Instant now) { return std::max<int64_t>(1, now.nanoseconds()); }

}  // namespace

bool PeerActivity::DataSent(Instant now) {
  return Begin(&unanswered_since_, now) && !watched_.load(std::memory_order_seq_cst);
}

// Reads before writing, so that workers share the cache line while nothing changes. `more_data_` is
// cleared first: it belongs to the stamp that ends now.
bool PeerActivity::AuthenticatedSent(Instant now) {
  if (unacknowledged_since_.load(std::memory_order_relaxed) != 0) {
    more_data_.store(false);
    unacknowledged_since_.store(0);
  }
  Traversed(now);
  return false;
}

bool PeerActivity::DataReceived(Instant now) {
  if (Begin(&unacknowledged_since_, now)) return !watched_.load(std::memory_order_seq_cst);
  if (more_data_.load(std::memory_order_relaxed)) return false;
  more_data_.store(true, std::memory_order_seq_cst);
  // If the stamp ended meanwhile, nobody would read the flag just set: then this is a first packet.
  return Begin(&unacknowledged_since_, now) && !watched_.load(std::memory_order_seq_cst);
}

bool PeerActivity::AuthenticatedReceived(Instant now) {
  if (unanswered_since_.load(std::memory_order_relaxed) != 0) unanswered_since_.store(0);
  Traversed(now);
  return false;
}

PeerActivity::Snapshot PeerActivity::Read() const {
  return Snapshot{
      .unanswered_since_ns = unanswered_since_.load(std::memory_order_seq_cst),
      .unacknowledged_since_ns = unacknowledged_since_.load(std::memory_order_seq_cst),
      .more_data_received = more_data_.load(std::memory_order_seq_cst),
      .last_traversal_ns = last_traversal_.load(std::memory_order_relaxed),
  };
}

// Workers read the clock at slightly different times: the stamp only moves forward.
void PeerActivity::Traversed(Instant now) {
  const int64_t stamp = StampOf(now);
  if (last_traversal_.load(std::memory_order_relaxed) < stamp) {
    last_traversal_.store(stamp, std::memory_order_relaxed);
  }
}

bool PeerActivity::Begin(std::atomic<int64_t>* stamp, Instant now) {
  int64_t none = stamp->load(std::memory_order_seq_cst);
  return none == 0 && stamp->compare_exchange_strong(none, StampOf(now), std::memory_order_seq_cst);
}

void PeerSlot::Roam(const Endpoint& from) {
  MutexLock lock(&roam_mutex);
  roamed_to = from;
  has_roamed.store(true);
}

bool PeerSlot::LoadEndpoint(Endpoint* to) {
  if (has_roamed.load(std::memory_order_acquire)) {
    MutexLock lock(&roam_mutex);
    if (has_roamed.load(std::memory_order_relaxed)) {
      *to = roamed_to;
      return true;
    }
  }
  const Endpoint* const published = endpoint.load(std::memory_order_acquire);
  if (published == nullptr) return false;
  *to = *published;
  return true;
}

}  // namespace ringwire
