#include "crypto/aead_context.h"

#include <openssl/err.h>

#include "crypto/aead.h"
#include "crypto/require.h"

namespace ringwire::crypto {

AeadContext::AeadContext(const EVP_AEAD* aead, const SymmetricKey& key) {
  EVP_AEAD_CTX_zero(&context_);
  const std::span<const uint8_t> bytes = key.bytes();
  Require(EVP_AEAD_CTX_init(&context_, aead, bytes.data(), bytes.size(), kTagBytes, nullptr) == 1,
          "EVP_AEAD_CTX_init");
}

AeadContext::~AeadContext() {
  EVP_AEAD_CTX_cleanup(&context_);
  // The library's cleanup does not zero the key schedule, which is inside the context.
  Cleanse(&context_, sizeof(context_));
}

void AeadContext::Seal(std::span<const uint8_t> nonce, std::span<const uint8_t> plaintext,
                       std::span<const uint8_t> aad, std::span<uint8_t> out) const {
  Require(out.size() == plaintext.size() + kTagBytes, "a sealed buffer has room for just the tag");
  size_t written = 0;
  const int sealed =
      EVP_AEAD_CTX_seal(&context_, out.data(), &written, out.size(), nonce.data(), nonce.size(),
                        plaintext.data(), plaintext.size(), aad.data(), aad.size());
  Require(sealed == 1 && written == out.size(), "EVP_AEAD_CTX_seal");
}

bool AeadContext::Open(std::span<const uint8_t> nonce, std::span<const uint8_t> ciphertext,
                       std::span<const uint8_t> aad, std::span<uint8_t> out) const {
  if (ciphertext.size() < kTagBytes) {
    Cleanse(out.data(), out.size());
    return false;
  }
  Require(out.size() == ciphertext.size() - kTagBytes, "an opened buffer is shorter by the tag");
  size_t written = 0;
  const int opened =
      EVP_AEAD_CTX_open(&context_, out.data(), &written, out.size(), nonce.data(), nonce.size(),
                        ciphertext.data(), ciphertext.size(), aad.data(), aad.size());
  if (opened == 1) return true;
  Cleanse(out.data(), out.size());
  return false;
}

void AeadContext::PrepareThread() { ERR_clear_error(); }

}  // namespace ringwire::crypto
