#include "crypto/blake2s.h"

#include <gtest/gtest.h>

#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

// Constants without a named source were computed with Python's hashlib.blake2s.

TEST(Blake2sTest, MatchesRfc7693AppendixB) {
  EXPECT_EQ(ToHex(Blake2s(FromText("abc"))),
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

TEST(Blake2sTest, HashesNothing) {
  EXPECT_EQ(ToHex(Blake2s({})), "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
}

TEST(Blake2sTest, GivesTheProtocolsInitialChainingKeyAndHash) {
  const Hash chaining = Blake2s(FromText("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
  EXPECT_EQ(ToHex(chaining), "60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
  EXPECT_EQ(ToHex(Blake2s(chaining, FromText("WireGuard v1 zx2c4 Jason@zx2c4.com"))),
            "2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3");
}

// chain = Blake2s(chain || digest) over the digests of all lengths: one constant for every block
// boundary up to four blocks.
TEST(Blake2sTest, EveryLengthUpTo256) {
  Hash plain{}, mac{};
  for (size_t size = 0; size <= 256; ++size) {
    plain = Blake2s(plain, Blake2s(Counting(size)));
    mac = Blake2s(mac, Blake2sMac16(Counting(32), Counting(size)));
  }
  EXPECT_EQ(ToHex(plain), "4a15b377f6eb4cf374a7e3fd7fa512fc37ecd7f0c03d6a0a4435522b2568b3df");
  EXPECT_EQ(ToHex(mac), "8fa84d09511e1c1cc3544c5fe7f194a3da30393097cedd1926cee110b55a297a");
}

TEST(Blake2sTest, PartsHashAsTheirConcatenation) {
  const Bytes message = Counting(200);
  const std::span<const uint8_t> all(message);
  const Hash whole = Blake2s(all);
  const Mac16 whole_mac = Blake2sMac16(Counting(32), all);
  for (size_t first = 0; first <= all.size(); ++first) {
    const size_t second = (all.size() - first) / 2;
    EXPECT_EQ(Blake2s(all.first(first), all.subspan(first, second), all.subspan(first + second)),
              whole)
        << first;
    EXPECT_EQ(Blake2sMac16(Counting(32), all.first(first), all.subspan(first)), whole_mac) << first;
  }
}

TEST(Blake2sMac16Test, EveryKeyLength) {
  Hash chain{};
  for (size_t key_size = 1; key_size <= 32; ++key_size) {
    chain = Blake2s(chain, Blake2sMac16(Counting(key_size), FromText("ringwire")));
  }
  EXPECT_EQ(ToHex(chain), "193bc6e16ecf7a95284af6b200d1996c1c20678fcd16b27235403113454d5929");
}

// The digest of 32 bytes of the same key and message begins with f5c4b2ba.
TEST(Blake2sMac16Test, IsNotATruncatedDigest) {
  EXPECT_EQ(ToHex(Blake2sMac16(Counting(32), Counting(10))), "ed608b98e13976bdf4bedc63fa35e443");
}

TEST(Blake2sMac16Test, DependsOnEveryBitOfKeyAndMessage) {
  const Bytes key = Counting(32);
  const Bytes message = Counting(70);
  const Mac16 mac = Blake2sMac16(key, message);
  for (size_t bit = 0; bit < 8 * key.size(); ++bit) {
    Bytes other = key;
    other[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_NE(Blake2sMac16(other, message), mac) << bit;
  }
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    Bytes other = message;
    other[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_NE(Blake2sMac16(key, other), mac) << bit;
  }
}

TEST(Blake2sMac16DeathTest, RefusesKeysThatTheFunctionDoesNotHave) {
  EXPECT_DEATH((void)Blake2sMac16({}, Counting(1)), "1 to 32 bytes");
  EXPECT_DEATH((void)Blake2sMac16(Counting(33), Counting(1)), "1 to 32 bytes");
}

}  // namespace
}  // namespace ringwire::crypto
