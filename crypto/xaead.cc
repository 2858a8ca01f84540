#include "crypto/xaead.h"

#include "crypto/aead_context.h"

namespace ringwire::crypto {

void XAeadSeal(const SymmetricKey& key, std::span<const uint8_t, 24> nonce,
               std::span<const uint8_t> plaintext, std::span<const uint8_t> aad,
               std::span<uint8_t> out) {
  AeadContext(EVP_aead_xchacha20_poly1305(), key).Seal(nonce, plaintext, aad, out);
}

bool XAeadOpen(const SymmetricKey& key, std::span<const uint8_t, 24> nonce,
               std::span<const uint8_t> ciphertext, std::span<const uint8_t> aad,
               std::span<uint8_t> out) {
  return AeadContext(EVP_aead_xchacha20_poly1305(), key).Open(nonce, ciphertext, aad, out);
}

}  // namespace ringwire::crypto
