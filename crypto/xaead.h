#ifndef RINGWIRE_CRYPTO_XAEAD_H_
#define RINGWIRE_CRYPTO_XAEAD_H_

#include <cstdint>
#include <span>

#include "crypto/secret.h"

namespace ringwire::crypto {

// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), for cookie replies (WP §5.4.7): the nonce is long
// enough to be random. Sizes and overlap as for AeadSeal and AeadOpen.
void XAeadSeal(const SymmetricKey& key, std::span<const uint8_t, 24> nonce,
               std::span<const uint8_t> plaintext, std::span<const uint8_t> aad,
               std::span<uint8_t> out);

// False, with `out` zeroed, unless the tag verifies.
[[nodiscard]] bool XAeadOpen(const SymmetricKey& key, std::span<const uint8_t, 24> nonce,
                             std::span<const uint8_t> ciphertext, std::span<const uint8_t> aad,
                             std::span<uint8_t> out);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_XAEAD_H_
