#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

// Expected values were computed with Python's hmac over hashlib.blake2s.

constexpr char kT1[] = "6a96444e20e8d4c1cee974416acae1c10b3c92886010e54ed94dafb2c3b80ea0";
constexpr char kT2[] = "57af120b0de7acbe7907ec149c5ae870a2dbb74232b65777ba4123f1f7f888f5";
constexpr char kT3[] = "0926c7caabb6e8d73beda759e6f4f0d324ce5b5000bcf8cd784b26db3049faa9";

SymmetricKey Chaining() { return SymmetricKey(CountingArray<32>()); }

TEST(HmacBlake2sTest, MatchesTheIndependentImplementation) {
  EXPECT_EQ(ToHex(HmacBlake2s({}, {})),
            "eaf4bb25938f4d20e72656bbbc7a9bf63c0c18537333c35bdb67db1402661acd");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(32), FromText("abc"))),
            "82623be5bc0a391b24dce53e67d028eff92d586de0485ac37822e597d049c74f");
}

TEST(HmacBlake2sTest, KeysAroundTheBlockSize) {
  const Bytes message = FromText("message");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(1), message)),
            "5e3417d647c3e59c76ab07a4a2ce6428409e3b479027ee646059275715c5ecf3");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(63), message)),
            "1d5ed134687ec49d91500e890e1458098d18d9b45ce15d48bf3af6d93e4ea055");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(64), message)),
            "ff8bca3074af8b7a53b76b5b69fe511d796ef1253beac4259f83cc9b5d1b7855");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(65), message)),
            "7cca1aaf33f2ae03171de093085c551bd7c7a236868613cfe5b8ecf59228db76");
  EXPECT_EQ(ToHex(HmacBlake2s(Counting(200), message)),
            "2af6242e4f2607a0f79805e0f3c4f07d6bbd96bed859986f29d0b2bf37215b22");
}

TEST(HmacBlake2sTest, EveryKeyAndMessageLengthUpTo139) {
  Hash chain{};
  for (size_t size = 0; size < 140; ++size) {
    chain = Blake2s(chain, HmacBlake2s(Counting(size), Counting(size)));
  }
  EXPECT_EQ(ToHex(chain), "be16c1111644f293808c96bce958661a6505b4da97206c9e93a711abce3ce47c");
}

TEST(HmacBlake2sTest, PartsCountAsTheirConcatenation) {
  const Bytes message = Counting(100);
  const std::span<const uint8_t> all(message);
  for (size_t first = 0; first <= all.size(); ++first) {
    EXPECT_EQ(HmacBlake2s(Counting(32), all.first(first), all.subspan(first)),
              HmacBlake2s(Counting(32), all))
        << first;
  }
}

TEST(KdfTest, MatchesTheIndependentImplementation) {
  SymmetricKey t1, t2, t3;
  Kdf3(Chaining(), Counting(32, 32), &t1, &t2, &t3);
  EXPECT_EQ(ToHex(t1.bytes()), kT1);
  EXPECT_EQ(ToHex(t2.bytes()), kT2);
  EXPECT_EQ(ToHex(t3.bytes()), kT3);
}

TEST(KdfTest, ShorterVariantsAreBeginningsOfTheLongest) {
  SymmetricKey t1, t2;
  Kdf1(Chaining(), Counting(32, 32), &t1);
  EXPECT_EQ(ToHex(t1.bytes()), kT1);
  t1.Zero();
  Kdf2(Chaining(), Counting(32, 32), &t1, &t2);
  EXPECT_EQ(ToHex(t1.bytes()), kT1);
  EXPECT_EQ(ToHex(t2.bytes()), kT2);
}

// The derivation of transport keys.
TEST(KdfTest, AcceptsEmptyInput) {
  SymmetricKey t1, t2;
  Kdf2(Chaining(), {}, &t1, &t2);
  EXPECT_EQ(ToHex(t1.bytes()), "7a38c34bf2b8738d7374ca77c44ecb309a11d2b2528304fa86052c365e722624");
  EXPECT_EQ(ToHex(t2.bytes()), "1a17621f346abdc520746a9fb64d8eb03231d674fc15687537b0780fd9c060fd");
}

TEST(KdfTest, AnyOutputMayBeTheChainingKey) {
  for (size_t alias = 0; alias < 3; ++alias) {
    std::array<SymmetricKey, 3> outputs;
    outputs[alias] = Chaining();
    Kdf3(outputs[alias], Counting(32, 32), &outputs[0], &outputs[1], &outputs[2]);
    EXPECT_EQ(ToHex(outputs[0].bytes()), kT1) << alias;
    EXPECT_EQ(ToHex(outputs[1].bytes()), kT2) << alias;
    EXPECT_EQ(ToHex(outputs[2].bytes()), kT3) << alias;
  }
}

TEST(KdfTest, AnyOutputMayHoldTheInput) {
  for (size_t alias = 0; alias < 3; ++alias) {
    std::array<SymmetricKey, 3> outputs;
    outputs[alias] = SymmetricKey(CountingArray<32>(32));
    Kdf3(Chaining(), outputs[alias].bytes(), &outputs[0], &outputs[1], &outputs[2]);
    EXPECT_EQ(ToHex(outputs[0].bytes()), kT1) << alias;
    EXPECT_EQ(ToHex(outputs[1].bytes()), kT2) << alias;
    EXPECT_EQ(ToHex(outputs[2].bytes()), kT3) << alias;
  }
}

}  // namespace
}  // namespace ringwire::crypto
