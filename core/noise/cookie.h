#ifndef RINGWIRE_CORE_NOISE_COOKIE_H_
#define RINGWIRE_CORE_NOISE_COOKIE_H_

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/instant.h"
#include "core/wire/address.h"
#include "core/wire/messages.h"
#include "crypto/blake2s.h"
#include "crypto/random.h"
#include "crypto/secret.h"

// mac1, mac2 and cookies (WP §5.3, §5.4.4, §5.4.7), both roles.
namespace ringwire {

using Cookie = crypto::Mac16;

// The receiving side. Immutable: control publishes a new one when the private key or a cookie
// secret changes, so any number of workers may use it.
class CookieChecker {
 public:
  // `previous_secret` keeps cookies valid over a rotation of the secret; zeros: none.
  CookieChecker(const crypto::PublicKey& local_public_key, const crypto::SymmetricKey& secret,
                const crypto::SymmetricKey& previous_secret);

  // `message` is a whole initiation or response: its last 32 bytes are mac1 and mac2. Constant-time
  // compares.
  [[nodiscard]] bool IsMac1Valid(std::span<const uint8_t> message) const;
  // The cookie binds the source's address and port (rule 11).
  [[nodiscard]] bool IsMac2Valid(std::span<const uint8_t> message,
                                 const SocketAddress& source) const;
  // The answer to a message whose mac1 is valid but whose mac2 is missing or wrong.
  CookieReplyMessage CreateReply(std::span<const uint8_t> message, const SocketAddress& source,
                                 crypto::Random& random) const;

 private:
  crypto::SymmetricKey mac1_key_;
  crypto::SymmetricKey cookie_key_;
  crypto::SymmetricKey secret_;
  crypto::SymmetricKey previous_secret_;
};

// The sending side, one a peer. Owned by control.
class CookieGenerator {
 public:
  explicit CookieGenerator(const crypto::PublicKey& remote_public_key);

  // Writes mac1, and mac2 when a fresh cookie is held, into the last 32 bytes of a message about to
  // be sent.
  void AddMacs(std::span<uint8_t> message, Instant now);
  // Accepts at most one reply per mac1 sent. False: refused, nothing changed.
  [[nodiscard]] bool ConsumeReply(const CookieReplyMessage& reply, Instant now);

 private:
  crypto::SymmetricKey mac1_key_;
  crypto::SymmetricKey cookie_key_;
  std::optional<crypto::Mac16> last_mac1_;
  Cookie cookie_{};
  Instant cookie_until_;  // not valid from here on
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_COOKIE_H_
