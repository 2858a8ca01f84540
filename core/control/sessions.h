#ifndef RINGWIRE_CORE_CONTROL_SESSIONS_H_
#define RINGWIRE_CORE_CONTROL_SESSIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/drop_reason.h"
#include "core/control/control_call.h"
#include "core/control/handshake_work.h"
#include "core/control/peer.h"
#include "core/control/peer_table.h"
#include "core/control/stamp_table.h"
#include "core/device/device_update.h"
#include "core/noise/handshake.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "core/routing/source_note.h"
#include "core/wire/messages.h"
#include "core/wire/path_probe.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace ringwire {

// How sessions begin and end: handshakes in both roles, their confirmation, keepalives. It leaves
// deadlines in Peer::timers, which the caller arms. Thread-compatible: for the control thread. It
// has many methods because both roles of a handshake, its three messages and its confirmation share
// the state of one handshake, which has one writer.
class Sessions {
 public:
  // All pointers outlive it.
  Sessions(SharedState* shared, crypto::Random* random, WorkerCounters* counters, PeerTable* peers,
           const ControlOptions& options);

  // nullopt: the device has no private key.
  const std::optional<LocalIdentity>& identity() const { return identity_; }
  // Rule 16: with another key, drops handshakes under way and values derived from the old key, and
  // stops sending under present sessions.
  void SetIdentity(std::optional<LocalIdentity> identity);

  // Drops handshakes under way and stops sending under present sessions. The next packet starts
  // anew.
  void ExpireAll();

  // Takes a response or a cookie reply. Returns its authenticated sender, or the peer of a cookie
  // reply; nullptr if it was dropped and counted.
  Peer* ConsumeAnswer(const ControlCall& call, const HandshakeDatagram& datagram);
  // Takes an initiation. The caller has the first step of the work run and passes it on to
  // Continue; nullptr if it was dropped and counted.
  std::unique_ptr<HandshakeWork> ConsumeInitiation(const HandshakeDatagram& datagram);
  // After a step: prepares the next one, or ends the work.
  enum class Progress : uint8_t {
    kNextStep,  // to be run
    kAnswered,  // the response is on its way
    kDropped,   // and counted
  };
  Progress Continue(const ControlCall& call, HandshakeWork& work);

  // Starts a handshake, unless one is under way. If an initiation was sent or answered less than
  // REKEY_TIMEOUT ago, it starts after that time (rules 7 and 17).
  void Begin(const ControlCall& call, Peer& peer);
  // Sends the next initiation of a handshake, with fresh keys and a fresh index.
  void SendInitiation(const ControlCall& call, Peer& peer);
  // Gives a handshake up: drops waiting packets; the secrets go at their deadline (rule 5).
  void Abandon(const ControlCall& call, Peer& peer);
  // Makes the next session current if it has received something (WP §5.4.5).
  void Confirm(const ControlCall& call, Peer& peer);

  // Sends staged packets now, or when there is a session. Without a session it starts one even if
  // nothing is staged: a full pool may have kept no packet of this peer.
  void SendStaged(const ControlCall& call, Peer& peer);
  // Sends any packet to show that we are alive: staged ones, else an empty one. Without a session
  // it starts a handshake, which ends with such a packet.
  void SendKeepalive(const ControlCall& call, Peer& peer);

  // Sends a message whose plaintext is not a packet, under the current session. False: there is
  // none.
  bool SendProbe(const ControlCall& call, Peer& peer, const PathProbe& probe);

  // Ends the handshake under way and all sessions, and zeroes their keys.
  void Clear(Instant now, Peer& peer);
  void DropStaged(Peer& peer);

  // Spreads retries over 0 to 333 ms (rule 7).
  absl::Duration Jitter();

  // For the whole device; a peer may have a stricter one. Effective from the next handshake on.
  void set_transport_cipher(TransportCipher cipher) { transport_cipher_ = cipher; }
  TransportCipher transport_cipher() const { return transport_cipher_; }
  const HandshakeCounts& counts() const { return counts_; }
  // Initiations of peers that this device does not have.
  const SourceNote& unknown_key() const { return unknown_key_; }
  const crypto::PublicKey& last_unknown_key() const { return last_unknown_key_; }

  StampTable& stamps() { return stamps_; }
  const StampTable& stamps() const { return stamps_; }

 private:
  using Consumed = std::variant<Peer*, DropReason>;
  // The checks of every message; the worker made the same, but much may have changed since.
  std::variant<MessageKind, DropReason> Classify(const HandshakeDatagram& datagram) const;
  Consumed ConsumeResponse(const ControlCall& call, const ResponseMessage& message,
                           const Endpoint& from);
  Consumed ConsumeCookieReply(const ControlCall& call, const CookieReplyMessage& message);
  // The last checks of an authenticated initiation: newer than all before, and not too soon.
  std::optional<DropReason> CheckTimestamp(const ControlCall& call, Peer& peer,
                                           const Tai64n& timestamp);
  std::optional<DropReason> Advance(const ControlCall& call, HandshakeWork& work);
  // Whether we may go on with this work: nothing has changed that it depends on.
  bool IsCurrent(const HandshakeWork& work) const;
  // The initiation is authentic: commits its timestamp and prepares the answer.
  std::optional<DropReason> Authenticate(const ControlCall& call, Peer& peer, HandshakeWork& work);
  void Respond(const ControlCall& call, Peer& peer, const HandshakeWork& work);
  // Whether to offer AES-256-GCM to this peer, and to accept it.
  bool IsAesUsable(const Peer& peer) const;
  crypto::AeadSuite ChooseSuite(const Peer& peer, const Tai64n& timestamp) const;

  // The effects of every authenticated handshake message on its peer.
  void Received(const ControlCall& call, Peer& peer, size_t bytes, const Endpoint& from);
  void Send(const ControlCall& call, Peer& peer, std::span<const uint8_t> message, uint8_t tos);
  bool SealKeepalive(const ControlCall& call, Peer& peer);
  // Seals and sends `message`: room for a header, a plaintext, and room for a tag.
  bool SealAndSend(const ControlCall& call, Peer& peer, std::span<uint8_t> message);
  // The current session is established: the handshake is over.
  void Complete(const ControlCall& call, Peer& peer);
  void DropPending(Peer& peer);
  // The timestamp of an initiation, always greater than the previous one; with the offer, if we
  // make one.
  Tai64n NextTimestamp(const ControlCall& call, Peer& peer);

  SharedState* const shared_;
  crypto::Random* const random_;
  WorkerCounters* const counters_;
  PeerTable* const peers_;
  const bool has_aes_;
  const bool keeps_endpoints_;
  TransportCipher transport_cipher_ = TransportCipher::kAuto;
  HandshakeCounts counts_;
  SourceNote unknown_key_;
  crypto::PublicKey last_unknown_key_{};
  std::optional<LocalIdentity> identity_;
  StampTable stamps_;
  // From our index in an initiation under way to the peer's slot.
  absl::flat_hash_map<uint32_t, uint32_t> pending_;
  // Created at its first use, on control's thread.
  std::optional<crypto::AeadEngine> engine_;
  // Changes when handshakes under way must not be completed.
  uint64_t epoch_ = 0;
  bool clock_warned_ = false;  // rule 19 as initiator: reported once per device
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_SESSIONS_H_
