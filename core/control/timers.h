#ifndef RINGWIRE_CORE_CONTROL_TIMERS_H_
#define RINGWIRE_CORE_CONTROL_TIMERS_H_

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/routing/peer_slot.h"

// The timers of one peer (WP §6.1 to §6.5) as plain deadlines and one pure decision over them.
// Nothing is re-armed per packet: workers leave stamps in PeerActivity, and when the earliest
// deadline fires, the decision reads them.
namespace ringwire {

// What control remembers. Durations are zero and deadlines InfiniteFuture when a timer is off.
struct TimerState {
  // No initiation before this: REKEY_TIMEOUT after the last one that we sent or answered (rules 7
  // and 17).
  Instant initiate_not_before;
  // When the next initiation of the handshake under way is due, or the first one of a handshake
  // that has to wait.
  Instant initiate_at = Instant::InfiniteFuture();
  // Initiations that the handshake under way has sent; 0: none is under way.
  int attempts = 0;
  // Added to the time that sent data waits for an answer, so that two peers do not fall into step.
  absl::Duration unanswered_jitter;
  // All secrets go.
  Instant zeroise_at = Instant::InfiniteFuture();
  // Zero also while the peer cannot be sent to.
  absl::Duration persistent_keepalive;
  // One persistent keepalive an interval, even where nothing could be sent.
  Instant persistent_not_before;

  // Many peers have begun at once, and this one waits for its turn to begin what it has reason for.
  bool waits_to_start = false;
  bool starts_with_keepalive = false;

  bool handshake_under_way() const { return attempts > 0; }
};

// What is due. Control carries it out in the order of the fields, each of which ends its own cause.
struct TimerDecision {
  bool zeroise = false;
  bool abandon_handshake = false;  // all attempts went unanswered
  bool initiate = false;           // send the next (or the first, delayed) initiation
  bool unanswered = false;         // data was sent and nothing came back: start a handshake
  bool keepalive = false;          // data came and nothing was sent back
  bool persistent_keepalive = false;
  // A stamp is running, so `next` is soon enough for every stamp that may begin until then.
  bool watch = false;
  // When to decide again if control hears nothing else; at or before `now` if something is due.
  Instant next = Instant::InfiniteFuture();
};

// Pure: what the peer must do at `now`.
TimerDecision Decide(Instant now, const TimerState& state, const PeerActivity::Snapshot& activity);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_TIMERS_H_
