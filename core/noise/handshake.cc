#include "core/noise/handshake.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "core/base/endian.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/x25519.h"

namespace ringwire {
namespace {

using crypto::PrivateKey;
using crypto::PublicKey;
using crypto::SymmetricKey;

constexpr std::string_view kConstruction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::string_view kIdentifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";
constexpr std::string_view kAes256GcmLabel = "ringwire transport v1 AES-256-GCM";
static_assert(kAes256GcmLabel.size() == 33);

// Type and both indices of a response: they name the answered initiation.
constexpr size_t kResponseHeadBytes = offsetof(ResponseMessage, ephemeral);

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A handshake under way: the chaining key and the transcript hash, ck and h in WP §5.4. Callers
// work on a copy, so that a forged message changes nothing.
class Transcript {
 public:
  Transcript(const SymmetricKey& chaining_key, const crypto::Hash& hash)
      : chaining_key_(chaining_key), hash_(hash) {}

  // Where every handshake with this responder begins.
  static Transcript Begin(const PublicKey& responder_static) {
    const crypto::Hash construction = crypto::Blake2s(BytesOf(kConstruction));
    const crypto::Hash protocol = crypto::Blake2s(construction, BytesOf(kIdentifier));
    return Transcript(SymmetricKey(construction), crypto::Blake2s(protocol, responder_static));
  }

  const SymmetricKey& chaining_key() const { return chaining_key_; }
  const crypto::Hash& hash() const { return hash_; }

  // The token "e".
  void MixEphemeral(const PublicKey& ephemeral) {
    MixHash(ephemeral);
    crypto::Kdf1(chaining_key_, ephemeral, &chaining_key_);
  }
  // Mixes in a DH result that another one follows before anything is sealed.
  void MixKey(const SymmetricKey& shared) {
    crypto::Kdf1(chaining_key_, shared.bytes(), &chaining_key_);
  }
  // Mixes in a DH result and yields the key for the next field.
  void MixKey(const SymmetricKey& shared, SymmetricKey* key) {
    crypto::Kdf2(chaining_key_, shared.bytes(), &chaining_key_, key);
  }
  // The token "psk": binds `input` into hash and keys alike.
  void MixKeyAndHash(std::span<const uint8_t> input, SymmetricKey* key) {
    SymmetricKey hashed;
    crypto::Kdf3(chaining_key_, input, &chaining_key_, &hashed, key);
    MixHash(hashed.bytes());
  }

  // The extension's token, behind "psk": both ends agree on AES-256-GCM for this response. For
  // WireGuard's own suite there is no token, and every byte is WireGuard's.
  void MixAes256Gcm(const ResponseMessage& message, SymmetricKey* key) {
    MixKeyAndHash(
        crypto::Blake2s(BytesOf(kAes256GcmLabel), MessageBytes(message).first(kResponseHeadBytes)),
        key);
  }

  void Seal(const SymmetricKey& key, std::span<const uint8_t> plaintext,
            std::span<uint8_t> sealed) {
    crypto::AeadSeal(key, plaintext, hash_, sealed);
    MixHash(sealed);
  }
  // False, with the transcript unchanged, unless the tag verifies.
  [[nodiscard]] bool Open(const SymmetricKey& key, std::span<const uint8_t> sealed,
                          std::span<uint8_t> plaintext) {
    if (!crypto::AeadOpen(key, sealed, hash_, plaintext)) return false;
    MixHash(sealed);
    return true;
  }

  // Derives the session keys (WP §5.4.5).
  void DeriveSessionKeys(SymmetricKey* initiator_to_responder,
                         SymmetricKey* responder_to_initiator) const {
    crypto::Kdf2(chaining_key_, {}, initiator_to_responder, responder_to_initiator);
  }

 private:
  void MixHash(std::span<const uint8_t> bytes) { hash_ = crypto::Blake2s(hash_, bytes); }

  SymmetricKey chaining_key_;
  crypto::Hash hash_;
};

}  // namespace

LocalIdentity LocalIdentity::From(const PrivateKey& private_key) {
  return LocalIdentity{.private_key = private_key,
                       .public_key = crypto::PublicFromPrivate(private_key)};
}

bool RemoteIdentity::Compute(const LocalIdentity& local) {
  return crypto::SharedSecret(local.private_key, public_key, &static_static);
}

std::optional<InitiationMessage> CreateInitiation(const LocalIdentity& local,
                                                  const RemoteIdentity& remote,
                                                  uint32_t local_index, const Tai64n& timestamp,
                                                  crypto::Random& random,
                                                  PendingInitiation* pending) {
  if (remote.static_static.IsZero()) return std::nullopt;
  const PrivateKey ephemeral = crypto::GeneratePrivateKey(random);
  const PublicKey ephemeral_public = crypto::PublicFromPrivate(ephemeral);
  SymmetricKey shared;
  if (!crypto::SharedSecret(ephemeral, remote.public_key, &shared)) return std::nullopt;

  InitiationMessage message{};
  StoreLe32(message.type, kMessageInitiation);
  StoreLe32(message.sender_index, local_index);
  std::copy(ephemeral_public.begin(), ephemeral_public.end(), message.ephemeral);

  Transcript transcript = Transcript::Begin(remote.public_key);
  SymmetricKey key;
  transcript.MixEphemeral(ephemeral_public);
  transcript.MixKey(shared, &key);
  transcript.Seal(key, local.public_key, message.encrypted_static);
  transcript.MixKey(remote.static_static, &key);
  transcript.Seal(key, timestamp.bytes, message.encrypted_timestamp);

  *pending = PendingInitiation{.local_index = local_index,
                               .offered = timestamp.HasOffer(),
                               .ephemeral = ephemeral,
                               .chaining_key = transcript.chaining_key(),
                               .hash = transcript.hash()};
  return message;
}

std::optional<DropReason> OpenInitiationStatic(const LocalIdentity& local,
                                               const InitiationMessage& message,
                                               OpenedInitiation* opened) {
  const PublicKey remote_ephemeral = std::to_array(message.ephemeral);
  SymmetricKey shared;
  if (!crypto::SharedSecret(local.private_key, remote_ephemeral, &shared)) {
    return DropReason::kZeroSharedSecret;
  }
  Transcript transcript = Transcript::Begin(local.public_key);
  SymmetricKey key;
  transcript.MixEphemeral(remote_ephemeral);
  transcript.MixKey(shared, &key);
  PublicKey remote_static;
  if (!transcript.Open(key, message.encrypted_static, remote_static)) {
    return DropReason::kInitiationStaticInvalid;
  }
  *opened = OpenedInitiation{.remote_index = LoadLe32(message.sender_index),
                             .remote_ephemeral = remote_ephemeral,
                             .remote_static = remote_static,
                             .chaining_key = transcript.chaining_key(),
                             .hash = transcript.hash()};
  return std::nullopt;
}

std::optional<DropReason> OpenInitiationTimestamp(const RemoteIdentity& remote,
                                                  const InitiationMessage& message,
                                                  OpenedInitiation* opened) {
  if (remote.static_static.IsZero()) return DropReason::kZeroSharedSecret;
  Transcript transcript(opened->chaining_key, opened->hash);
  SymmetricKey key;
  transcript.MixKey(remote.static_static, &key);
  Tai64n timestamp;
  if (!transcript.Open(key, message.encrypted_timestamp, timestamp.bytes)) {
    return DropReason::kInitiationTimestampInvalid;
  }
  opened->timestamp = timestamp;
  opened->chaining_key = transcript.chaining_key();
  opened->hash = transcript.hash();
  return std::nullopt;
}

std::optional<CreatedResponse> CreateResponse(const RemoteIdentity& remote,
                                              const OpenedInitiation& opened, uint32_t local_index,
                                              crypto::Random& random, crypto::AeadSuite suite) {
  const PrivateKey ephemeral = crypto::GeneratePrivateKey(random);
  const PublicKey ephemeral_public = crypto::PublicFromPrivate(ephemeral);
  SymmetricKey ephemeral_ephemeral;
  SymmetricKey ephemeral_static;
  if (!crypto::SharedSecret(ephemeral, opened.remote_ephemeral, &ephemeral_ephemeral) ||
      !crypto::SharedSecret(ephemeral, opened.remote_static, &ephemeral_static)) {
    return std::nullopt;
  }

  std::optional<CreatedResponse> created(std::in_place);
  ResponseMessage& message = created->message;
  StoreLe32(message.type, kMessageResponse);
  StoreLe32(message.sender_index, local_index);
  StoreLe32(message.receiver_index, opened.remote_index);
  std::copy(ephemeral_public.begin(), ephemeral_public.end(), message.ephemeral);

  Transcript transcript(opened.chaining_key, opened.hash);
  SymmetricKey key;
  transcript.MixEphemeral(ephemeral_public);
  transcript.MixKey(ephemeral_ephemeral);
  transcript.MixKey(ephemeral_static);
  transcript.MixKeyAndHash(remote.preshared_key.bytes(), &key);
  if (suite == crypto::AeadSuite::kAes256Gcm) transcript.MixAes256Gcm(message, &key);
  transcript.Seal(key, {}, message.encrypted_nothing);

  SessionKeys& keys = created->keys;
  transcript.DeriveSessionKeys(&keys.receive, &keys.send);
  keys.suite = suite;
  keys.local_index = local_index;
  keys.remote_index = opened.remote_index;
  keys.is_initiator = false;
  return created;
}

std::variant<SessionKeys, DropReason> ConsumeResponse(const LocalIdentity& local,
                                                      const RemoteIdentity& remote,
                                                      const PendingInitiation& pending,
                                                      const ResponseMessage& message) {
  // No tag covers the index, and a response may only complete the handshake that it names.
  if (LoadLe32(message.receiver_index) != pending.local_index) {
    return DropReason::kResponseUnknownIndex;
  }
  const PublicKey remote_ephemeral = std::to_array(message.ephemeral);
  SymmetricKey ephemeral_ephemeral;
  SymmetricKey static_ephemeral;
  if (!crypto::SharedSecret(pending.ephemeral, remote_ephemeral, &ephemeral_ephemeral) ||
      !crypto::SharedSecret(local.private_key, remote_ephemeral, &static_ephemeral)) {
    return DropReason::kZeroSharedSecret;
  }

  Transcript transcript(pending.chaining_key, pending.hash);
  SymmetricKey key;
  transcript.MixEphemeral(remote_ephemeral);
  transcript.MixKey(ephemeral_ephemeral);
  transcript.MixKey(static_ephemeral);
  transcript.MixKeyAndHash(remote.preshared_key.bytes(), &key);
  SessionKeys keys;
  if (!transcript.Open(key, message.encrypted_nothing, {})) {
    if (!pending.offered) return DropReason::kResponseInvalid;
    transcript.MixAes256Gcm(message, &key);
    if (!transcript.Open(key, message.encrypted_nothing, {})) return DropReason::kResponseInvalid;
    keys.suite = crypto::AeadSuite::kAes256Gcm;
  }
  transcript.DeriveSessionKeys(&keys.send, &keys.receive);
  keys.local_index = pending.local_index;
  keys.remote_index = LoadLe32(message.sender_index);
  keys.is_initiator = true;
  return keys;
}

}  // namespace ringwire
