#ifndef RINGWIRE_CORE_ROUTING_PEER_SLOT_H_
#define RINGWIRE_CORE_ROUTING_PEER_SLOT_H_

#include <atomic>
#include <cstdint>

#include "core/base/instant.h"
#include "core/base/mutex.h"
#include "core/base/peer_id.h"
#include "core/noise/keypair.h"
#include "core/routing/staged_queue.h"
#include "core/wire/address.h"

namespace ringwire {

// When what passed, for the timers (WP §6): workers and control stamp, control's Decide reads. A
// stamp is a boot time in nanoseconds, 0 for "not since". Every call returns true when control must
// be told (kActivity), because a stamp began to run while no deadline of control's is watching.
class PeerActivity {
 public:
  // A packet that is not a keepalive was sent.
  bool DataSent(Instant now);
  // Anything authenticated was sent: data, keepalive, handshake message.
  bool AuthenticatedSent(Instant now);
  // A packet that is not a keepalive was received.
  bool DataReceived(Instant now);
  // Anything authenticated was received.
  bool AuthenticatedReceived(Instant now);

  // What control reads, all at once.
  struct Snapshot {
    int64_t unanswered_since_ns = 0;  // first data sent since anything authenticated came
    int64_t unacknowledged_since_ns =
        0;                            // first data received since anything authenticated was sent
    bool more_data_received = false;  // and more came after that first
    int64_t last_traversal_ns = 0;    // anything authenticated, either way
  };
  Snapshot Read() const;
  // Control: restarts what Decide acted on.
  void ClearUnanswered() { unanswered_since_.store(0); }
  void ClearUnacknowledged() { unacknowledged_since_.store(0); }
  void ClearMoreData() { more_data_.store(false); }
  // Control: true while a deadline of its own will look at the stamps in time. After setting it to
  // false control reads the stamps once more (both sides are sequentially consistent, so one of
  // them sees the other).
  void SetWatched(bool watched) { watched_.store(watched); }
  bool watched() const { return watched_.load(); }

 private:
  void Traversed(Instant now);
  // True for the one caller that set the stamp running.
  static bool Begin(std::atomic<int64_t>* stamp, Instant now);

  std::atomic<int64_t> unanswered_since_{0};
  std::atomic<int64_t> unacknowledged_since_{0};
  std::atomic<int64_t> last_traversal_{0};
  std::atomic<bool> more_data_{false};
  std::atomic<bool> watched_{false};
};

// What the workers may see and touch of a peer. Control is the single writer of `current` and
// `endpoint` and reclaims what they point to by quiescence; the workers write stamps, byte counts,
// staged packets and pending events.
struct PeerSlot {
  PeerSlot(PeerId peer_id, StagedPool* pool) : id(peer_id), staged(pool) {}

  const PeerId id;
  std::atomic<Keypair*> current{nullptr};          // the session to send with
  std::atomic<const Endpoint*> endpoint{nullptr};  // nullptr: unknown

  alignas(64) std::atomic<uint64_t> transmit_bytes{0};  // whole UDP payloads, handshakes included
  std::atomic<uint64_t> receive_bytes{0};               // likewise, authenticated ones only
  PeerActivity activity;

  // Events raised for control and not yet taken (bits of DataEventKind).
  std::atomic<uint32_t> pending_events{0};
  // What a worker has learnt from an authenticated packet and control has not taken up yet. Workers
  // send by it at once, so that already the answer to that packet goes to where it came from, under
  // the session that it used. Where it came from (kEndpointChanged), while has_roamed.
  Mutex roam_mutex;
  Endpoint roamed_to ABSL_GUARDED_BY(roam_mutex);
  std::atomic<bool> has_roamed{false};
  // The index of a session that it confirmed (kKeyConfirmed); 0: none. Not a pointer: a session
  // that control discards meanwhile is simply not found any more.
  std::atomic<uint32_t> confirmed_index{0};

  // Worker: an authenticated packet came from there.
  void Roam(const Endpoint& from);
  // Where to send to. False: unknown.
  [[nodiscard]] bool LoadEndpoint(Endpoint* to);

  StagedQueue staged;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_PEER_SLOT_H_
