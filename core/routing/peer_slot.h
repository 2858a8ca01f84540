#ifndef RINGWIRE_CORE_ROUTING_PEER_SLOT_H_
#define RINGWIRE_CORE_ROUTING_PEER_SLOT_H_

#include <atomic>
#include <cstdint>

#include "core/base/instant.h"
#include "core/base/mutex.h"
#include "core/base/peer_id.h"
#include "core/noise/keypair.h"
#include "core/routing/peer_path.h"
#include "core/routing/staged_queue.h"
#include "core/wire/address.h"

namespace ringwire {

// When packets last passed, for the timers (WP §6). Workers and control stamp, control's Decide
// reads. A stamp is a boot time in nanoseconds, 0 for "not since". A call returns true if the
// caller must tell control (kActivity): a stamp began to run and no deadline of control's will look
// at it.
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

  // All stamps, as control reads them.
  struct Snapshot {
    int64_t unanswered_since_ns = 0;  // first data sent since anything authenticated came
    int64_t unacknowledged_since_ns =
        0;                            // first data received since anything authenticated was sent
    bool more_data_received = false;  // and more came after that first
    int64_t last_traversal_ns = 0;    // anything authenticated, either way
  };
  Snapshot Read() const;
  // Control: restarts the stamps that Decide acted on.
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
  // True for the one caller that started the stamp.
  static bool Begin(std::atomic<int64_t>* stamp, Instant now);

  std::atomic<int64_t> unanswered_since_{0};
  std::atomic<int64_t> unacknowledged_since_{0};
  std::atomic<int64_t> last_traversal_{0};
  std::atomic<bool> more_data_{false};
  std::atomic<bool> watched_{false};
};

// The part of a peer that workers use. Control is the single writer of `current` and `endpoint` and
// reclaims their objects by quiescence. Workers write stamps, byte counts, staged packets and
// pending events.
struct PeerSlot {
  PeerSlot(PeerId peer_id, StagedPool* pool) : id(peer_id), staged(pool) {}

  const PeerId id;
  std::atomic<Keypair*> current{nullptr};          // the session to send with
  std::atomic<const Endpoint*> endpoint{nullptr};  // nullptr: unknown
  PeerPath path;

  alignas(64) std::atomic<uint64_t> transmit_bytes{0};  // whole UDP payloads, handshakes included
  std::atomic<uint64_t> receive_bytes{0};               // likewise, authenticated ones only
  PeerActivity activity;

  // Events raised for control and not yet taken (bits of DataEventKind).
  std::atomic<uint32_t> pending_events{0};
  // News from an authenticated packet that control has not taken yet. Workers use it at once, so
  // that even the reply to that packet goes to its source, under its session. While has_roamed: the
  // source (kEndpointChanged).
  Mutex roam_mutex;
  Endpoint roamed_to ABSL_GUARDED_BY(roam_mutex);
  std::atomic<bool> has_roamed{false};
  // The index of the session that it confirmed (kKeyConfirmed); 0: none. Not a pointer: control may
  // discard the session, and then the index is not found.
  std::atomic<uint32_t> confirmed_index{0};

  // Worker: records the source of an authenticated packet.
  void Roam(const Endpoint& from);
  // The address to send to. False: unknown.
  [[nodiscard]] bool LoadEndpoint(Endpoint* to);

  StagedQueue staged;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_PEER_SLOT_H_
