#include "core/control/timers.h"

#include <algorithm>
#include <cstdint>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

// `duration` after a stamp; InfiniteFuture while the stamp does not run.
Instant After(int64_t stamp_ns, absl::Duration duration) {
  if (stamp_ns == 0) return Instant::InfiniteFuture();
  return Instant::FromNanoseconds(stamp_ns) + duration;
}

Instant PersistentKeepaliveAt(const TimerState& state, int64_t last_traversal_ns) {
  if (state.persistent_keepalive == absl::ZeroDuration()) return Instant::InfiniteFuture();
  // Without any traversal yet, the first one is due at once.
  const Instant quiet_until =
      last_traversal_ns == 0 ? Instant() : After(last_traversal_ns, state.persistent_keepalive);
  return std::max(quiet_until, state.persistent_not_before);
}

}  // namespace

TimerDecision Decide(Instant now, const TimerState& state, const PeerActivity::Snapshot& activity) {
  // An answer to the peer's initiation counts like an initiation of ours, also for a retry that was
  // armed before it.
  const Instant initiate_at = std::max(state.initiate_at, state.initiate_not_before);
  const bool wants_initiation = !state.initiate_at.IsInfiniteFuture();
  const Instant unanswered_at = After(activity.unanswered_since_ns,
                                      kKeepaliveTimeout + kRekeyTimeout + state.unanswered_jitter);
  const Instant keepalive_at = After(activity.unacknowledged_since_ns, kKeepaliveTimeout);
  const Instant persistent_at = PersistentKeepaliveAt(state, activity.last_traversal_ns);

  TimerDecision decision;
  decision.zeroise = now >= state.zeroise_at;
  if (wants_initiation && now >= initiate_at) {
    decision.abandon_handshake = state.attempts >= kMaxHandshakeAttempts;
    decision.initiate = !decision.abandon_handshake;
  }
  decision.unanswered = now >= unanswered_at;
  decision.keepalive = now >= keepalive_at;
  decision.persistent_keepalive = now >= persistent_at;
  decision.watch = activity.unanswered_since_ns != 0 || activity.unacknowledged_since_ns != 0;
  decision.next = std::min({state.zeroise_at, unanswered_at, keepalive_at, persistent_at});
  if (wants_initiation) decision.next = std::min(decision.next, initiate_at);
  // No stamp that starts from now on is due before this.
  if (decision.watch) decision.next = std::min(decision.next, now + kKeepaliveTimeout);
  return decision;
}

}  // namespace ringwire
