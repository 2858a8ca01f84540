#ifndef RINGWIRE_CORE_NOISE_HANDSHAKE_H_
#define RINGWIRE_CORE_NOISE_HANDSHAKE_H_

#include <cstdint>
#include <optional>
#include <variant>

#include "core/base/drop_reason.h"
#include "core/noise/keypair.h"
#include "core/noise/tai64n.h"
#include "core/wire/messages.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/random.h"
#include "crypto/secret.h"

// Noise_IKpsk2 in both roles (WP §5.4.2 to §5.4.5), as functions over explicit state: no clock, no
// socket, no peer table. mac1 and mac2 are cookie.h's business; the messages made here have both
// zero. Owned by control.
namespace ringwire {

// The device's static key and values derived from it.
struct LocalIdentity {
  crypto::PrivateKey private_key;
  crypto::PublicKey public_key{};

  static LocalIdentity From(const crypto::PrivateKey& private_key);
};

// The peer's static side.
struct RemoteIdentity {
  crypto::PublicKey public_key{};
  crypto::SymmetricKey static_static;  // DH(our static, its static)
  crypto::PresharedKey preshared_key;  // zeros: none

  // False when the static DH is zero (a low-order public key): no handshake with such a peer is
  // possible (rule 13).
  [[nodiscard]] bool Compute(const LocalIdentity& local);
};

// The initiator's state between its initiation and the response. Zeroed when done or replaced.
struct PendingInitiation {
  uint32_t local_index = 0;
  // It offered AES-256-GCM, so that a response may have accepted.
  bool offered = false;
  crypto::PrivateKey ephemeral;
  crypto::SymmetricKey chaining_key;
  crypto::Hash hash{};
};

// Builds an initiation; it offers AES-256-GCM if the timestamp does. nullopt: a DH result was zero.
std::optional<InitiationMessage> CreateInitiation(const LocalIdentity& local,
                                                  const RemoteIdentity& remote,
                                                  uint32_t local_index, const Tai64n& timestamp,
                                                  crypto::Random& random,
                                                  PendingInitiation* pending);

// A received initiation, opened step by step so that the caller can look up the peer and then
// compare the timestamp before anything is changed.
struct OpenedInitiation {
  uint32_t remote_index = 0;
  crypto::PublicKey remote_ephemeral{};
  crypto::PublicKey remote_static{};
  Tai64n timestamp{};
  crypto::SymmetricKey chaining_key;
  crypto::Hash hash{};
};
// First half: reads the claimed identity. Fills all but the timestamp. Returns the reason when
// refused.
[[nodiscard]] std::optional<DropReason> OpenInitiationStatic(const LocalIdentity& local,
                                                             const InitiationMessage& message,
                                                             OpenedInitiation* opened);
// Second half, with the peer that the first half named: authenticates it and yields the timestamp.
[[nodiscard]] std::optional<DropReason> OpenInitiationTimestamp(const RemoteIdentity& remote,
                                                                const InitiationMessage& message,
                                                                OpenedInitiation* opened);

// The responder's answer and its session keys. nullopt: a DH result was zero.
//
// Transport messages are sealed with ChaCha20-Poly1305, as in WireGuard, or with AES-256-GCM if
// `suite` says so. That is allowed only for an initiation that offered it (Tai64n::HasOffer): the
// choice goes into hash and keys, and nobody else tries it (docs/transport_extension.md).
struct CreatedResponse {
  ResponseMessage message{};
  SessionKeys keys;
};
std::optional<CreatedResponse> CreateResponse(
    const RemoteIdentity& remote, const OpenedInitiation& opened, uint32_t local_index,
    crypto::Random& random, crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305);

// The initiator's end. The tag that verifies tells which suite the responder chose; without an
// offer only one is tried. Leaves `pending` as it is when the response is refused (rule 1); the
// caller zeroes it after success.
std::variant<SessionKeys, DropReason> ConsumeResponse(const LocalIdentity& local,
                                                      const RemoteIdentity& remote,
                                                      const PendingInitiation& pending,
                                                      const ResponseMessage& message);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_HANDSHAKE_H_
