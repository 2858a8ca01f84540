#include "crypto/xaead.h"

#include <gtest/gtest.h>

#include "crypto/aead.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

// draft-irtf-cfrg-xchacha-03, A.3.1.
class XAeadTest : public testing::Test {
 protected:
  XAeadTest() { XAeadSeal(key_, nonce_, plaintext_, aad_, sealed_); }

  const SymmetricKey key_{CountingArray<32>(0x80)};
  const std::array<uint8_t, 24> nonce_ = CountingArray<24>(0x40);
  const Bytes aad_ = FromHex("50515253c0c1c2c3c4c5c6c7");
  const Bytes plaintext_ = FromText(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.");
  Bytes sealed_ = Bytes(plaintext_.size() + kTagBytes);
  Bytes opened_ = Bytes(plaintext_.size(), 0xff);
};

TEST_F(XAeadTest, MatchesTheDraftsVector) {
  EXPECT_EQ(ToHex(sealed_),
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
            "21f9664c97637da9768812f615c68b13b52e"
            "c0875924c1c7987947deafd8780acf49");
}

TEST_F(XAeadTest, RoundTrips) {
  ASSERT_TRUE(XAeadOpen(key_, nonce_, sealed_, aad_, opened_));
  EXPECT_EQ(opened_, plaintext_);
}

TEST_F(XAeadTest, RejectsEveryFlippedBitAndZeroesTheOutput) {
  for (size_t bit = 0; bit < 8 * sealed_.size(); ++bit) {
    Bytes forged = sealed_;
    forged[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    opened_.assign(opened_.size(), 0xff);
    EXPECT_FALSE(XAeadOpen(key_, nonce_, forged, aad_, opened_)) << bit;
    EXPECT_EQ(opened_, Bytes(opened_.size())) << bit;
  }
}

// All 24 bytes count: the first 16 choose the subkey, the last 8 are the inner nonce.
TEST_F(XAeadTest, RejectsEveryFlippedBitOfTheNonce) {
  for (size_t bit = 0; bit < 8 * nonce_.size(); ++bit) {
    std::array<uint8_t, 24> other = nonce_;
    other[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(XAeadOpen(key_, other, sealed_, aad_, opened_)) << bit;
  }
}

TEST_F(XAeadTest, RejectsTruncation) {
  for (size_t size = 0; size < sealed_.size(); ++size) {
    Bytes out(size < kTagBytes ? 0 : size - kTagBytes);
    EXPECT_FALSE(XAeadOpen(key_, nonce_, std::span(sealed_).first(size), aad_, out)) << size;
  }
}

TEST_F(XAeadTest, RejectsOtherAssociatedDataAndKeys) {
  Bytes aad = aad_;
  aad[0] ^= 1;
  EXPECT_FALSE(XAeadOpen(key_, nonce_, sealed_, aad, opened_));
  EXPECT_FALSE(XAeadOpen(key_, nonce_, sealed_, {}, opened_));
  EXPECT_FALSE(XAeadOpen(SymmetricKey(), nonce_, sealed_, aad_, opened_));
}

}  // namespace
}  // namespace ringwire::crypto
