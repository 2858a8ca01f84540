#ifndef RINGWIRE_CRYPTO_AEAD_CONTEXT_H_
#define RINGWIRE_CRYPTO_AEAD_CONTEXT_H_

#include <openssl/aead.h>

#include <cstdint>
#include <span>

#include "crypto/secret.h"

namespace ringwire::crypto {

// One EVP_AEAD_CTX with its key. Only crypto/*.cc and its tests include it, so that BoringSSL's
// headers stay within this folder.
//
// Immutable after construction; Seal and Open may run concurrently. No allocation for the three
// AEADs used here, except that BoringSSL allocates its error state at the first failed Open of a
// thread (PrepareThread does that ahead of time).
class AeadContext {
 public:
  AeadContext(const EVP_AEAD* aead, const SymmetricKey& key);
  ~AeadContext();
  AeadContext(const AeadContext&) = delete;
  AeadContext& operator=(const AeadContext&) = delete;

  // Writes ciphertext and tag. `out` is exactly kTagBytes longer than `plaintext` and either begins
  // where it begins or does not overlap it.
  void Seal(std::span<const uint8_t> nonce, std::span<const uint8_t> plaintext,
            std::span<const uint8_t> aad, std::span<uint8_t> out) const;

  // `ciphertext` carries its tag at the end; `out` is exactly kTagBytes shorter (empty if even the
  // tag is incomplete) and overlaps as in Seal. On failure `out` is zeroed.
  [[nodiscard]] bool Open(std::span<const uint8_t> nonce, std::span<const uint8_t> ciphertext,
                          std::span<const uint8_t> aad, std::span<uint8_t> out) const;

  // Makes BoringSSL allocate the calling thread's error state now rather than for a hostile packet.
  static void PrepareThread();

 private:
  EVP_AEAD_CTX context_;
};

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_CONTEXT_H_
