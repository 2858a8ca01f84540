#ifndef RINGWIRE_CORE_NOISE_KEYPAIR_H_
#define RINGWIRE_CORE_NOISE_KEYPAIR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/instant.h"
#include "core/base/mutex.h"
#include "core/noise/replay_window.h"
#include "crypto/aead.h"
#include "crypto/secret.h"

namespace ringwire {

struct PeerSlot;

// The result of a handshake (WP §5.4.5), before it becomes a Keypair.
struct SessionKeys {
  crypto::SymmetricKey send;
  crypto::SymmetricKey receive;
  crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305;
  uint32_t local_index = 0;   // the peer puts it into its messages
  uint32_t remote_index = 0;  // goes into ours
  bool is_initiator = false;
};

// One session: the keys of both directions, with their counter, replay window and deadlines. Made
// by control, published to the workers by pointer and reclaimed by quiescence. The workers write
// the send counter, the replay window and the flags; all else is immutable. Thread-safe. It has
// many methods because each field has a reader of one line; the decisions are elsewhere.
class Keypair {
 public:
  // `peer` outlives the keypair. Deadlines are computed here once, so that the packet path only
  // compares.
  Keypair(const SessionKeys& keys, PeerSlot* peer, Instant now);

  PeerSlot* peer() const { return peer_; }
  const crypto::AeadKey& send_key() const { return send_key_; }
  const crypto::AeadKey& receive_key() const { return receive_key_; }
  uint32_t local_index() const { return local_index_; }
  uint32_t remote_index() const { return remote_index_; }
  bool is_initiator() const { return is_initiator_; }
  crypto::AeadSuite suite() const { return suite_; }
  Instant created_at() const { return created_at_; }

  // From this time on the keys are dead in both directions (WP §6.2).
  Instant reject_at() const { return reject_at_; }
  // From this time on sending requests a new session; finite only for the initiator (WP §6.2, rule
  // 6).
  Instant rekey_on_send_at() const { return rekey_on_send_at_; }
  // From this time on receiving requests one, once per session.
  Instant rekey_on_receive_at() const { return rekey_on_receive_at_; }

  // Reserves `count` consecutive counters and returns the first; nullopt when that would pass
  // REJECT_AFTER_MESSAGES. `sealed_bytes` is the total that they will seal, tags included (UDP
  // payloads without their 16-byte headers). AES-256-GCM limits that too: a reservation that would
  // pass it ends sending under this key. Reservations are never given back: a nonce is used at most
  // once.
  std::optional<uint64_t> ReserveCounters(uint64_t count, uint64_t sealed_bytes);
  uint64_t counters_reserved() const { return send_counter_.load(std::memory_order_relaxed); }
  // Always 0 for ChaCha20-Poly1305, which needs no such limit.
  uint64_t bytes_reserved() const { return sealed_bytes_.load(std::memory_order_relaxed); }
  // Whether a reservation of this size would succeed now.
  bool HasRoomFor(uint64_t count, uint64_t sealed_bytes) const;
  // True once more than REKEY_AFTER_MESSAGES were sent, or more bytes than AES-256-GCM should seal
  // under one key, whoever initiated.
  bool WantsRekeyByUse() const;

  // Set when the key must not send any more (the device's private key changed, or the key is used
  // up). It still receives.
  void ExpireSending() { send_expired_.store(true, std::memory_order_relaxed); }
  bool CanSend(Instant now) const {
    return now < reject_at_ && !send_expired_.load(std::memory_order_relaxed);
  }
  bool CanReceive(Instant now) const { return now < reject_at_; }

  // A responder's session is confirmed by the first valid message under it (WP §5.4.5). Worker:
  // true for exactly one caller, which then reports KeyConfirmed.
  bool MarkReceived() {
    return !received_.load(std::memory_order_relaxed) &&
           !received_.exchange(true, std::memory_order_acq_rel);
  }
  bool has_received() const { return received_.load(std::memory_order_acquire); }
  // Worker: true for exactly one caller a session, which then asks for the rekey on receipt.
  bool ClaimRekeyOnReceive() { return !rekey_on_receive_claimed_.exchange(true); }

  // Locked once a run, and only after the tags have verified (rule 2).
  Mutex& replay_mutex() ABSL_LOCK_RETURNED(replay_mutex_) { return replay_mutex_; }
  ReplayWindow& replay_window() ABSL_EXCLUSIVE_LOCKS_REQUIRED(replay_mutex_) {
    return replay_window_;
  }

  // For tests of the limits: continues as if `counter` messages had been sent.
  void SetSendCounterForTest(uint64_t counter) { send_counter_.store(counter); }
  // Likewise in bytes.
  void SetSealedBytesForTest(uint64_t bytes) { sealed_bytes_.store(bytes); }

 private:
  bool ReserveBytes(uint64_t bytes);

  PeerSlot* const peer_;
  const crypto::AeadKey send_key_;
  const crypto::AeadKey receive_key_;
  const uint32_t local_index_;
  const uint32_t remote_index_;
  const bool is_initiator_;
  const crypto::AeadSuite suite_;
  const Instant created_at_;
  const Instant reject_at_;
  const Instant rekey_on_send_at_;
  const Instant rekey_on_receive_at_;

  alignas(64) std::atomic<uint64_t> send_counter_{0};
  std::atomic<uint64_t> sealed_bytes_{0};
  std::atomic<bool> send_expired_{false};
  std::atomic<bool> received_{false};
  std::atomic<bool> rekey_on_receive_claimed_{false};
  Mutex replay_mutex_;
  ReplayWindow replay_window_ ABSL_GUARDED_BY(replay_mutex_);
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_KEYPAIR_H_
