#ifndef RINGWIRE_CRYPTO_SELF_TEST_H_
#define RINGWIRE_CRYPTO_SELF_TEST_H_

#include <array>
#include <cstdint>
#include <string>

#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/secret.h"

namespace ringwire::crypto {

// The expected answers of each primitive to the inputs in self_test.cc.
struct KnownAnswers {
  Hash blake2s;
  Mac16 blake2s_mac16;
  Hash hmac;
  std::array<uint8_t, 96> kdf;  // t1 || t2 || t3
  PublicKey x25519_public;
  std::array<uint8_t, 32> x25519_shared;
  std::array<uint8_t, kTagBytes> chacha20_poly1305_tag;
  std::array<uint8_t, kTagBytes> aes_256_gcm_tag;
  std::array<uint8_t, 48> handshake_aead;
  std::array<uint8_t, 32> xchacha20_poly1305;
};

// The right answers.
[[nodiscard]] const KnownAnswers& StandardAnswers();

// Runs every primitive that WireGuard needs once, forgeries included, and compares with `answers`.
// On the first failure returns false with the primitive's name in `*what_failed`. Takes about a
// millisecond.
[[nodiscard]] bool SelfTestAgainst(const KnownAnswers& answers, std::string* what_failed);

// Tests one suite of transport messages of one provider.
[[nodiscard]] bool SelfTestAead(AeadSuite suite, AeadRuns& runs, const KnownAnswers& answers);

// SelfTestAgainst for BoringSSL's AES-256-GCM. A device works without it: if the test fails, the
// suite is not offered.
[[nodiscard]] bool SelfTestAes256Gcm(const KnownAnswers& answers);

// SelfTestAgainst the standard answers; to be run once at start-up, before any key is used. It
// finds a library that was built or dispatched wrongly for this CPU before a peer does.
[[nodiscard]] bool SelfTest(std::string* what_failed);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_SELF_TEST_H_
