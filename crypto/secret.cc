#include "crypto/secret.h"

#include <openssl/mem.h>

namespace ringwire::crypto {

void Cleanse(void* data, size_t size) { OPENSSL_cleanse(data, size); }

bool ConstantTimeEqual(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  if (a.size() != b.size()) return false;
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ringwire::crypto
