#ifndef RINGWIRE_CRYPTO_X25519_H_
#define RINGWIRE_CRYPTO_X25519_H_

#include "crypto/random.h"
#include "crypto/secret.h"

namespace ringwire::crypto {

// X25519 (RFC 7748). Constant time in the private key.

// Fixes the bits that RFC 7748 §5 fixes. The functions below clamp by themselves; this is for a key
// that is stored, compared or shown.
void Clamp(PrivateKey* key);

[[nodiscard]] PublicKey PublicFromPrivate(const PrivateKey& key);

// DH of WP §5.4. False, with `*out` zeroed, if the result is all zero: `peer` is then a low-order
// point, with which everyone knows the secret.
[[nodiscard]] bool SharedSecret(const PrivateKey& key, const PublicKey& peer, SymmetricKey* out);

// A fresh key, clamped.
[[nodiscard]] PrivateKey GeneratePrivateKey(Random& random);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_X25519_H_
