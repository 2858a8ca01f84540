#ifndef RINGWIRE_CORE_CONTROL_TIMERS_H_
#define RINGWIRE_CORE_CONTROL_TIMERS_H_

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/routing/peer_slot.h"

// The timers of one peer (WP §6.1 to §6.5) as plain deadlines and one pure decision over them.
// Nothing is re-armed per packet: workers leave stamps in PeerActivity, and when the earliest
// deadline fires, the decision reads them.
namespace ringwire {

// Control's part of the timers. If a timer is off, its duration is zero and its deadline
// InfiniteFuture.
struct TimerState {
  // No initiation before this: REKEY_TIMEOUT after the last one that we sent or answered (rules 7
  // and 17).
  Instant initiate_not_before;
  // When the next initiation of the handshake under way is due, or the first one of a handshake
  // that has to wait.
  Instant initiate_at = Instant::InfiniteFuture();
  // Initiations sent by the handshake under way; 0: none is under way.
  int attempts = 0;
  // Added to the time that sent data waits for an answer, so that two peers do not synchronise.
  absl::Duration unanswered_jitter;
  // When all secrets are zeroed.
  Instant zeroise_at = Instant::InfiniteFuture();
  // Also zero while the peer has no usable endpoint.
  absl::Duration persistent_keepalive;
  // One persistent keepalive per interval, even if nothing could be sent.
  Instant persistent_not_before;

  // Many peers started at once, and this one waits for its turn.
  bool waits_to_start = false;
  bool starts_with_keepalive = false;

  bool handshake_under_way() const { return attempts > 0; }
};

// The due actions. Control carries them out in the order of the fields; each one ends its own
// cause.
struct TimerDecision {
  bool zeroise = false;
  bool abandon_handshake = false;  // all attempts went unanswered
  bool initiate = false;           // send the next (or the first, delayed) initiation
  bool unanswered = false;         // data was sent and nothing came back: start a handshake
  bool keepalive = false;          // data came and nothing was sent back
  bool persistent_keepalive = false;
  // A stamp is running, so `next` is early enough for every stamp that may start until then.
  bool watch = false;
  // When to decide again without other events; at or before `now` if something is due.
  Instant next = Instant::InfiniteFuture();
};

// Pure: what the peer must do at `now`.
TimerDecision Decide(Instant now, const TimerState& state, const PeerActivity::Snapshot& activity);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_TIMERS_H_
