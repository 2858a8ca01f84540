#include "crypto/x25519.h"

#include <openssl/curve25519.h>

namespace ringwire::crypto {

void Clamp(PrivateKey* key) {
  const std::span<uint8_t, 32> bytes = key->bytes();
  bytes[0] &= 0xf8;
  bytes[31] = static_cast<uint8_t>((bytes[31] & 0x7f) | 0x40);
}

PublicKey PublicFromPrivate(const PrivateKey& key) {
  PublicKey result;
  X25519_public_from_private(result.data(), key.bytes().data());
  return result;
}

bool SharedSecret(const PrivateKey& key, const PublicKey& peer, SymmetricKey* out) {
  if (X25519(out->bytes().data(), key.bytes().data(), peer.data()) == 1) return true;
  out->Zero();
  return false;
}

PrivateKey GeneratePrivateKey(Random& random) {
  PrivateKey key;
  random.Fill(key.bytes());
  Clamp(&key);
  return key;
}

}  // namespace ringwire::crypto
