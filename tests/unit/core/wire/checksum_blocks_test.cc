#include "core/wire/checksum_blocks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/wire/checksum.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

class ChecksumBlocksTest : public testing::Test {
 protected:
  void SetUp() override {
    if (fast_ == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 VNNI";
  }

  const SumBlocksFunction fast_ = SumBlocksByDotProduct();
};

TEST_F(ChecksumBlocksTest, DotProductEqualsThePlainSumForEveryLength) {
  Bytes bytes(kChecksumBlocksMax * kChecksumBlockBytes + 1);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(11, i);
  for (size_t blocks = 0; blocks <= kChecksumBlocksMax; ++blocks) {
    const uint8_t* const unaligned = bytes.data() + 1;
    ASSERT_EQ(FoldChecksum(fast_(unaligned, blocks)), FoldChecksum(SumBlocks(unaligned, blocks)))
        << blocks;
  }
}

TEST_F(ChecksumBlocksTest, DotProductHoldsTheExtremesOfEveryWord) {
  for (const uint8_t high : std::to_array<uint8_t>({0x00, 0x7f, 0x80, 0xff})) {
    for (const uint8_t low : std::to_array<uint8_t>({0x00, 0xff})) {
      Bytes bytes(kChecksumBlocksMax * kChecksumBlockBytes);
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = i % 2 == 0 ? low : high;
      const uint64_t word = uint64_t{high} << 8 | low;
      EXPECT_EQ(fast_(bytes.data(), kChecksumBlocksMax), word * (bytes.size() / 2)) << word;
    }
  }
}

TEST_F(ChecksumBlocksTest, DotProductCopiesWhatItSums) {
  const CopyBlocksFunction copy = CopyBlocksByDotProduct();
  ASSERT_NE(copy, nullptr);
  Bytes bytes(70 * kChecksumBlockBytes + 1);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(3, i);
  const uint8_t* const unaligned = bytes.data() + 1;
  for (size_t blocks = 0; blocks < 70; ++blocks) {
    Bytes to(blocks * kChecksumBlockBytes + 2, 0xaa);
    ASSERT_EQ(copy(to.data() + 1, unaligned, blocks), fast_(unaligned, blocks)) << blocks;
    ASSERT_TRUE(std::equal(to.begin() + 1, to.end() - 1, unaligned)) << blocks;
    ASSERT_TRUE(to.front() == 0xaa && to.back() == 0xaa) << blocks;
  }
}

// By the plain loop and, where there is one, by the dot product.
TEST(ChecksumTest, CopiesWhatItSums) {
  Bytes bytes(1600);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(7, i);
  for (size_t size = 0; size <= 1500; ++size) {
    const std::span<const uint8_t> from(bytes.data() + size % 7, size);
    Bytes to(size + 2, 0xaa);
    ASSERT_EQ(CopyWithChecksum(from, to.data() + 1, 12345), ChecksumPartial(from, 12345)) << size;
    ASSERT_TRUE(std::ranges::equal(std::span(to).subspan(1, size), from)) << size;
    ASSERT_TRUE(to.front() == 0xaa && to.back() == 0xaa) << size;
    const size_t blocks = size / kChecksumBlockBytes;
    ASSERT_EQ(CopyBlocks(to.data(), from.data(), blocks), SumBlocks(from.data(), blocks)) << size;
    ASSERT_TRUE(
        std::equal(to.begin(), to.begin() + static_cast<ptrdiff_t>(64 * blocks), from.begin()))
        << size;
  }
}

TEST(ChecksumTest, SumsMoreThanOneCallOfTheInnerLoopTakes) {
  Bytes bytes(3 * kChecksumBlocksMax * kChecksumBlockBytes + 77);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(5, i);
  EXPECT_EQ(static_cast<uint16_t>(~FoldChecksum(ChecksumPartial(bytes))), PlainChecksum(bytes));
}

}  // namespace
}  // namespace ringwire
