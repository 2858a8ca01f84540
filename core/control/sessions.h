#ifndef RINGWIRE_CORE_CONTROL_SESSIONS_H_
#define RINGWIRE_CORE_CONTROL_SESSIONS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/drop_reason.h"
#include "core/control/control_call.h"
#include "core/control/peer.h"
#include "core/control/peer_table.h"
#include "core/control/stamp_table.h"
#include "core/device/device_update.h"
#include "core/noise/handshake.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "core/wire/messages.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace ringwire {

// How sessions begin and end: handshakes in both roles, their confirmation, keepalives. It leaves
// deadlines in Peer::timers; whoever calls arms them afterwards. Thread-compatible: control's.
class Sessions {
 public:
  // All four outlive it. `has_aes`: ControlOptions.
  Sessions(SharedState* shared, crypto::Random* random, WorkerCounters* counters, PeerTable* peers,
           bool has_aes);

  // nullopt: the device has no private key.
  const std::optional<LocalIdentity>& identity() const { return identity_; }
  // Rule 16: with another key, handshakes under way are dropped, what derives from the old key is
  // forgotten, and nothing is sent any more under present sessions.
  void SetIdentity(std::optional<LocalIdentity> identity);

  // Drops handshakes under way and sends nothing more under present sessions. With the next packet
  // everything begins anew.
  void ExpireAll();

  // Takes a handshake message. Returns the peer that it was proven to be from, or that a cookie
  // reply was for; nullptr when it was dropped and counted.
  Peer* Consume(const ControlCall& call, const HandshakeDatagram& datagram);

  // Starts a handshake, unless one is under way. Where one was sent or answered less than
  // REKEY_TIMEOUT ago, it starts when that has passed (rules 7 and 17).
  void Begin(const ControlCall& call, Peer& peer);
  // Sends the next initiation of a handshake, with fresh keys and a fresh index.
  void SendInitiation(const ControlCall& call, Peer& peer);
  // Gives a handshake up: what waited for it is dropped, secrets go in good time (rule 5).
  void Abandon(const ControlCall& call, Peer& peer);
  // Sends with the next session from now on if that has received something (WP §5.4.5).
  void Confirm(const ControlCall& call, Peer& peer);

  // What is staged goes out now, or as soon as there is a session. Without a session it begins one
  // even if nothing is staged: a full pool may have kept nothing of this peer.
  void SendStaged(const ControlCall& call, Peer& peer);
  // Any packet will do to say that we are there: staged ones, or else an empty one. Without a
  // session it takes a handshake, which ends with such a packet.
  void SendKeepalive(const ControlCall& call, Peer& peer);

  // Ends the handshake under way and all sessions, and zeroes their keys.
  void Clear(Instant now, Peer& peer);
  void DropStaged(Peer& peer);

  // Spreads retries over 0 to 333 ms (rule 7).
  absl::Duration Jitter();

  // Of the whole device; a peer may have a stricter one. In force from the next handshake on.
  void set_transport_cipher(TransportCipher cipher) { transport_cipher_ = cipher; }
  TransportCipher transport_cipher() const { return transport_cipher_; }
  const HandshakeCounts& counts() const { return counts_; }

  StampTable& stamps() { return stamps_; }
  const StampTable& stamps() const { return stamps_; }

 private:
  using Consumed = std::variant<Peer*, DropReason>;
  Consumed Dispatch(const ControlCall& call, const HandshakeDatagram& datagram);
  Consumed ConsumeInitiation(const ControlCall& call, const InitiationMessage& message,
                             const Endpoint& from);
  Consumed ConsumeResponse(const ControlCall& call, const ResponseMessage& message,
                           const Endpoint& from);
  Consumed ConsumeCookieReply(const ControlCall& call, const CookieReplyMessage& message);
  // The last checks of an authenticated initiation: newer than all before, and not too soon.
  std::optional<DropReason> CheckTimestamp(const ControlCall& call, Peer& peer,
                                           const Tai64n& timestamp);
  Consumed Respond(const ControlCall& call, Peer& peer, const OpenedInitiation& opened);
  // Whether to offer AES-256-GCM to this peer, and to accept it.
  bool IsAesUsable(const Peer& peer) const;
  crypto::AeadSuite ChooseSuite(const Peer& peer, const Tai64n& timestamp) const;

  // What every authenticated handshake message does to its peer.
  void Received(const ControlCall& call, Peer& peer, size_t bytes, const Endpoint& from);
  void Send(const ControlCall& call, Peer& peer, std::span<const uint8_t> message, uint8_t tos);
  bool SealKeepalive(const ControlCall& call, Peer& peer);
  // The current session stands now: the handshake is over.
  void Complete(const ControlCall& call, Peer& peer);
  void DropPending(Peer& peer);
  // The timestamp of an initiation, always greater than the one before; with the offer, if there is
  // one to make.
  Tai64n NextTimestamp(const ControlCall& call, Peer& peer);

  SharedState* const shared_;
  crypto::Random* const random_;
  WorkerCounters* const counters_;
  PeerTable* const peers_;
  const bool has_aes_;
  TransportCipher transport_cipher_ = TransportCipher::kAuto;
  HandshakeCounts counts_;
  std::optional<LocalIdentity> identity_;
  StampTable stamps_;
  // From our index in an initiation under way to the peer's place.
  absl::flat_hash_map<uint32_t, uint32_t> pending_;
  // Made at its first use, on control's thread.
  std::optional<crypto::AeadEngine> engine_;
  bool clock_warned_ = false;  // rule 19 as initiator: said once a device
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_SESSIONS_H_
