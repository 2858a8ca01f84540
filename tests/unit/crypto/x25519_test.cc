#include "crypto/x25519.h"

#include <gtest/gtest.h>

#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

PrivateKey PrivateFromHex(std::string_view text) { return PrivateKey(FromHex<32>(text)); }

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(uint8_t byte) : byte_(byte) {}
  void Fill(std::span<uint8_t> out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  const uint8_t byte_;
};

struct DhVector {
  const char* scalar;
  const char* point;
  const char* shared;
};

TEST(X25519Test, MatchesRfc7748Section52) {
  constexpr DhVector kVectors[] = {
      {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
       "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
       "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
      // This point has its unused top bit set, which the function ignores.
      {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
       "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
       "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
  };
  for (const DhVector& vector : kVectors) {
    SymmetricKey shared;
    ASSERT_TRUE(SharedSecret(PrivateFromHex(vector.scalar), FromHex<32>(vector.point), &shared));
    EXPECT_EQ(ToHex(shared.bytes()), vector.shared);
  }
}

// k, u = X25519(k, u), k; both start as the base point.
TEST(X25519Test, MatchesRfc7748Iterated) {
  PublicKey point{9};
  PrivateKey scalar(point);
  for (int i = 1; i <= 1000; ++i) {
    SymmetricKey next;
    ASSERT_TRUE(SharedSecret(scalar, point, &next));
    std::copy_n(scalar.bytes().begin(), 32, point.begin());
    scalar = next;
    if (i == 1) {
      EXPECT_EQ(ToHex(scalar.bytes()),
                "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
  }
  EXPECT_EQ(ToHex(scalar.bytes()),
            "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(X25519Test, MatchesRfc7748Section61) {
  const PrivateKey bob =
      PrivateFromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(ToHex(PublicFromPrivate(bob)),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  SymmetricKey shared;
  ASSERT_TRUE(SharedSecret(
      bob, FromHex<32>("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
      &shared));
  EXPECT_EQ(ToHex(shared.bytes()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST(X25519Test, BothSidesAgree) {
  const PrivateKey a(CountingArray<32>(1));
  const PrivateKey b(CountingArray<32>(101));
  SymmetricKey ab, ba;
  ASSERT_TRUE(SharedSecret(a, PublicFromPrivate(b), &ab));
  ASSERT_TRUE(SharedSecret(b, PublicFromPrivate(a), &ba));
  EXPECT_TRUE(ab == ba);
  EXPECT_FALSE(ab.IsZero());
}

// All u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, with the three
// non-canonical spellings that fit in 255 bits; and each again with the ignored top bit set.
TEST(X25519Test, RejectsTheSevenLowOrderPoints) {
  constexpr const char* kLowOrderPoints[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  const PrivateKey key(CountingArray<32>(7));
  for (const char* const text : kLowOrderPoints) {
    for (const uint8_t top_bit : {uint8_t{0x00}, uint8_t{0x80}}) {
      PublicKey point = FromHex<32>(text);
      point[31] |= top_bit;
      SymmetricKey shared(CountingArray<32>());
      EXPECT_FALSE(SharedSecret(key, point, &shared)) << ToHex(point);
      EXPECT_TRUE(shared.IsZero()) << ToHex(point);
    }
  }
}

TEST(X25519Test, AcceptsANeighbourOfALowOrderPoint) {
  PublicKey point{2};
  SymmetricKey shared;
  EXPECT_TRUE(SharedSecret(PrivateKey(CountingArray<32>(7)), point, &shared));
  EXPECT_FALSE(shared.IsZero());
}

TEST(ClampTest, FixesJustTheFiveBits) {
  PrivateKey ones(FromHex<32>(std::string(64, 'f')));
  Clamp(&ones);
  EXPECT_EQ(ToHex(ones.bytes()),
            "f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  PrivateKey zeros;
  Clamp(&zeros);
  EXPECT_EQ(ToHex(zeros.bytes()),
            "0000000000000000000000000000000000000000000000000000000000000040");
}

TEST(ClampTest, DoesNotChangeThePublicKey) {
  const PrivateKey raw(FromHex<32>(std::string(64, 'f')));
  PrivateKey clamped = raw;
  Clamp(&clamped);
  ASSERT_FALSE(raw == clamped);
  EXPECT_EQ(PublicFromPrivate(raw), PublicFromPrivate(clamped));
}

TEST(GeneratePrivateKeyTest, TakesTheInjectedBytesAndClampsThem) {
  FixedRandom random(0xa7);
  PrivateKey expected;
  random.Fill(expected.bytes());
  Clamp(&expected);
  const PrivateKey key = GeneratePrivateKey(random);
  EXPECT_TRUE(key == expected);
  EXPECT_EQ(key.bytes()[0], 0xa0);
  EXPECT_EQ(key.bytes()[31], 0x67);
}

}  // namespace
}  // namespace ringwire::crypto
