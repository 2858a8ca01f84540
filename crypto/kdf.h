#ifndef RINGWIRE_CRYPTO_KDF_H_
#define RINGWIRE_CRYPTO_KDF_H_

#include <cstdint>
#include <span>

#include "crypto/blake2s.h"
#include "crypto/secret.h"

namespace ringwire::crypto {

// HMAC (RFC 2104) over BLAKE2s-256 of a || b, block size 64. Any key length; a key longer than a
// block is hashed first.
[[nodiscard]] Hash HmacBlake2s(std::span<const uint8_t> key, std::span<const uint8_t> a,
                               std::span<const uint8_t> b = {});

// Kdf_n of WP §5.4 (HKDF with an empty info): t0 = Hmac(chaining, input), t1 = Hmac(t0, 0x01),
// tk = Hmac(t0, t(k-1) || k). An output may be the chaining key itself or hold `input`; outputs
// differ from one another. Intermediate values are zeroed.
void Kdf1(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1);
void Kdf2(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1,
          SymmetricKey* t2);
void Kdf3(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1,
          SymmetricKey* t2, SymmetricKey* t3);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_KDF_H_
