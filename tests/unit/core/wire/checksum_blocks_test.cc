#include "core/wire/checksum_blocks.h"

#include <array>
#include <cstddef>
#include <cstdint>

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

TEST(ChecksumTest, SumsMoreThanOneCallOfTheInnerLoopTakes) {
  Bytes bytes(3 * kChecksumBlocksMax * kChecksumBlockBytes + 77);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(5, i);
  EXPECT_EQ(static_cast<uint16_t>(~FoldChecksum(ChecksumPartial(bytes))), PlainChecksum(bytes));
}

}  // namespace
}  // namespace ringwire
