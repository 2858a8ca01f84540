#ifndef RINGWIRE_CORE_CONTROL_PEER_H_
#define RINGWIRE_CORE_CONTROL_PEER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "core/control/keypairs.h"
#include "core/control/path_mtu.h"
#include "core/control/timers.h"
#include "core/device/device_update.h"
#include "core/noise/cookie.h"
#include "core/noise/handshake.h"
#include "core/noise/tai64n.h"
#include "core/routing/peer_slot.h"
#include "core/routing/shared_state.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire {

// Control's state of one peer. Workers see only `slot`. Lives in a PeerTable. Thread-compatible:
// for the control thread.
struct Peer {
  Peer(PeerId peer_id, const crypto::PublicKey& public_key, SharedState* shared);

  PeerId id() const { return slot->id; }
  const crypto::PublicKey& public_key() const { return remote.public_key; }
  // `current` exists and has time, counters and bytes left for all packets that can be staged.
  bool CanSend(Instant now) const;
  // Whether to renew the present session: we initiated it and it is old enough, or it is used up
  // (WP §6.2, rule 6).
  bool WantsRenewal(Instant now) const;

  // The DH of both static keys, computed at its first use: loading many peers must not cost one
  // each. False: it is zero, no handshake is possible (rule 13).
  [[nodiscard]] bool PrepareStaticStatic(const LocalIdentity& local);
  // Call after a change of the device's key.
  void ForgetStaticStatic();

  // Publishes the peer's endpoint, unless it is unchanged, and retires the previous one.
  void MoveEndpoint(const Endpoint& to, SharedState* shared, Instant now);
  // Tells the workers what `path` says.
  void PublishPath();
  // Forgets what is known of the path: to another address, or while nothing is sent.
  void ForgetPath();
  // Lets the kernel's routing choose the source address again.
  void ForgetSourceAddress(SharedState* shared, Instant now);

  const std::shared_ptr<PeerSlot> slot;
  RemoteIdentity remote;
  bool static_static_known = false;
  CookieGenerator cookies;
  Keypairs keypairs;
  TimerState timers;
  std::unique_ptr<PathMtu> path;  // from the first large packet on
  // Answers to its probes since then.
  Instant probe_answers_since;
  int probe_answers = 0;

  // Our initiation that waits for a response; its local_index is reserved.
  std::optional<PendingInitiation> pending;
  Tai64n last_stamp_sent;
  Instant accept_initiation_at;  // initiations before this time are refused (20 ms flood rule)
  std::optional<absl::Time> last_handshake;
  bool clock_warned = false;  // rule 19 is reported once

  std::shared_ptr<Endpoint> endpoint;  // the object of slot->endpoint
  // Named by an initiation whose response is still being computed. Anybody who has caught an
  // initiation can send it from an address of his choice.
  bool endpoint_unconfirmed = false;
  std::string name;
  std::string endpoint_name;
  uint16_t persistent_keepalive_seconds = 0;
  TransportCipher transport_cipher = TransportCipher::kAuto;
  // Since a session was last established; its duration is counted from `first_initiation_at`.
  HandshakeAttempts attempts;
  Instant first_initiation_at;
  // Answers in AES-256-GCM since a session was last established.
  int unconfirmed_aes_responses = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_PEER_H_
