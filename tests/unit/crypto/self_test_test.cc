#include "crypto/self_test.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "crypto/aes_support.h"

namespace ringwire::crypto {
namespace {

TEST(SelfTestTest, PassesWithTheStandardAnswers) {
  std::string what_failed;
  EXPECT_TRUE(SelfTest(&what_failed)) << what_failed;
  EXPECT_EQ(what_failed, "");
}

TEST(SelfTestTest, NoticesAWrongBitInEveryAnswer) {
  KnownAnswers answers = StandardAnswers();
  struct {
    const char* name;
    std::span<uint8_t> answer;
  } const cases[] = {
      {"BLAKE2s", answers.blake2s},
      {"keyed BLAKE2s", answers.blake2s_mac16},
      {"HMAC-BLAKE2s", answers.hmac},
      {"KDF", std::span(answers.kdf).first(32)},
      {"KDF", std::span(answers.kdf).subspan(32, 32)},
      {"KDF", std::span(answers.kdf).subspan(64)},
      {"X25519 public key", answers.x25519_public},
      {"X25519 shared secret", answers.x25519_shared},
      {"ChaCha20-Poly1305 transport", answers.chacha20_poly1305_tag},
      {"ChaCha20-Poly1305 handshake", answers.handshake_aead},
      {"XChaCha20-Poly1305", answers.xchacha20_poly1305},
  };
  for (const auto& [name, answer] : cases) {
    for (uint8_t* const byte : {&answer.front(), &answer.back()}) {
      *byte ^= 1;
      std::string what_failed;
      EXPECT_FALSE(SelfTestAgainst(answers, &what_failed)) << name;
      EXPECT_EQ(what_failed, name);
      *byte ^= 1;
    }
  }
  std::string what_failed;
  EXPECT_TRUE(SelfTestAgainst(answers, &what_failed)) << what_failed;
}

TEST(SelfTestTest, AWrongAnswerOfAes256GcmMeansThatItIsNotUsedAndNothingElse) {
  KnownAnswers answers = StandardAnswers();
  EXPECT_TRUE(IsAes256GcmUsable(/*has_hardware=*/true, answers));
  EXPECT_FALSE(IsAes256GcmUsable(/*has_hardware=*/false, answers)) << "never in software";
  for (uint8_t* const byte : {&answers.aes_256_gcm_tag.front(), &answers.aes_256_gcm_tag.back()}) {
    *byte ^= 1;
    EXPECT_FALSE(IsAes256GcmUsable(/*has_hardware=*/true, answers));
    std::string what_failed;
    EXPECT_TRUE(SelfTestAgainst(answers, &what_failed)) << what_failed;
    *byte ^= 1;
  }
}

TEST(SelfTestTest, Aes256GcmIsUsableExactlyWhereTheCpuHasIt) {
  EXPECT_EQ(IsAes256GcmUsable(), HasAesHardware());
}

}  // namespace
}  // namespace ringwire::crypto
