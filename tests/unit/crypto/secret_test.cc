#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

template <typename T>
concept Printable = requires(std::ostream& stream, const T& value) { stream << value; };

static_assert(!Printable<PrivateKey>);
static_assert(!std::is_convertible_v<PrivateKey, std::string>);
static_assert(!std::is_convertible_v<std::array<uint8_t, 32>, PrivateKey>);
static_assert(std::is_nothrow_move_constructible_v<PrivateKey>);

TEST(SecretTest, StartsZero) {
  const SymmetricKey key;
  EXPECT_TRUE(key.IsZero());
  EXPECT_EQ(ToHex(key.bytes()), std::string(64, '0'));
}

TEST(SecretTest, HoldsItsBytes) {
  const SymmetricKey key(CountingArray<32>(1));
  EXPECT_EQ(ToHex(key.bytes()), ToHex(Counting(32, 1)));
}

TEST(SecretTest, CopyLeavesSourceIntact) {
  const SymmetricKey source(CountingArray<32>());
  SymmetricKey copy(source);
  EXPECT_TRUE(copy == source);
  copy.bytes()[0] ^= 1;
  EXPECT_FALSE(copy == source);
  copy = source;
  EXPECT_TRUE(copy == source);
}

TEST(SecretTest, MoveZeroesSource) {
  SymmetricKey source(CountingArray<32>());
  SymmetricKey constructed(std::move(source));
  EXPECT_TRUE(source.IsZero());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ToHex(constructed.bytes()), ToHex(Counting(32)));

  SymmetricKey assigned;
  assigned = std::move(constructed);
  EXPECT_TRUE(constructed.IsZero());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ToHex(assigned.bytes()), ToHex(Counting(32)));
}

TEST(SecretTest, SelfMoveKeepsTheValue) {
  SymmetricKey key(CountingArray<32>());
  SymmetricKey& same = key;
  key = std::move(same);
  EXPECT_EQ(ToHex(key.bytes()), ToHex(Counting(32)));
}

TEST(SecretTest, DestructionZeroesTheMemory) {
  alignas(SymmetricKey) std::array<uint8_t, sizeof(SymmetricKey)> memory;
  auto* const key = new (memory.data()) SymmetricKey(CountingArray<32>(1));
  ASSERT_TRUE(ConstantTimeEqual(memory, Counting(32, 1)));
  key->~SymmetricKey();
  EXPECT_TRUE(ConstantTimeEqual(memory, Bytes(32)));
}

TEST(SecretTest, ZeroClearsEveryByte) {
  SymmetricKey key(CountingArray<32>(1));
  key.Zero();
  EXPECT_EQ(ToHex(key.bytes()), std::string(64, '0'));
}

TEST(SecretTest, EveryBitCountsInComparisons) {
  const SymmetricKey zero;
  for (size_t bit = 0; bit < 256; ++bit) {
    SymmetricKey key;
    key.bytes()[bit / 8] = static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(key == zero) << bit;
    EXPECT_TRUE(key != zero) << bit;
    EXPECT_FALSE(key.IsZero()) << bit;
  }
}

TEST(ConstantTimeEqualTest, DifferentSizesAreUnequal) {
  EXPECT_FALSE(ConstantTimeEqual(Bytes(16), Bytes(15)));
  EXPECT_FALSE(ConstantTimeEqual(Bytes(1), {}));
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
  EXPECT_TRUE(ConstantTimeEqual(Counting(16), Counting(16)));
}

}  // namespace
}  // namespace ringwire::crypto
