#include "core/wire/checksum.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

uint16_t Inverted(uint64_t sum) { return static_cast<uint16_t>(~FoldChecksum(sum)); }

Bytes Pattern(uint8_t seed, size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = PatternByte(seed, i);
  return bytes;
}

// RFC 1071 §3.
TEST(ChecksumTest, SumsTheExampleOfTheRfc) {
  const std::array<uint8_t, 8> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(FoldChecksum(ChecksumPartial(bytes)), 0xddf2);
}

TEST(ChecksumTest, EqualsThePlainSumForEveryLengthAndAlignment) {
  for (size_t offset = 0; offset < 8; ++offset) {
    const Bytes bytes = Pattern(7, 400);
    for (size_t size = 0; size + offset <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(offset, size);
      ASSERT_EQ(Inverted(ChecksumPartial(part)), PlainChecksum(part)) << offset << " " << size;
    }
  }
}

TEST(ChecksumTest, CarriesOutOfTheLargestPacketOfOnes) {
  for (const size_t size : {size_t{63}, size_t{64}, size_t{1500}, size_t{65535}}) {
    const Bytes bytes(size, 0xff);
    EXPECT_EQ(Inverted(ChecksumPartial(bytes)), PlainChecksum(bytes)) << size;
  }
}

TEST(ChecksumTest, DependsOnTheOrderOfBytesWithinAWord) {
  const std::array<uint8_t, 2> a = {1, 2}, b = {2, 1};
  EXPECT_NE(FoldChecksum(ChecksumPartial(a)), FoldChecksum(ChecksumPartial(b)));
}

TEST(ChecksumTest, PartsCombineAtEvenOffsets) {
  const Bytes bytes = Pattern(3, 1001);
  const auto all = std::span<const uint8_t>(bytes);
  for (size_t cut = 0; cut <= bytes.size(); cut += 2) {
    const uint64_t sum = ChecksumPartial(all.subspan(cut), ChecksumPartial(all.first(cut)));
    ASSERT_EQ(Inverted(sum), PlainChecksum(bytes)) << cut;
  }
}

TEST(ChecksumTest, AddsAnInitialSumWithItsCarry) {
  const std::array<uint8_t, 2> one = {0, 1};
  // All ones is a spelling of zero, so one more is one.
  EXPECT_EQ(FoldChecksum(ChecksumPartial(one, ~uint64_t{0})), 1);
}

TEST(ChecksumTest, FoldsEveryCarry) {
  EXPECT_EQ(FoldChecksum(0), 0);
  EXPECT_EQ(FoldChecksum(0xffff), 0xffff);
  EXPECT_EQ(FoldChecksum(0x10000), 1);
  EXPECT_EQ(FoldChecksum(0x1ffff), 1);
  EXPECT_EQ(FoldChecksum(0xffff'ffff), 0xffff);
  EXPECT_EQ(FoldChecksum(~uint64_t{0}), 0xffff);
  EXPECT_EQ(FoldChecksum(0xffff'ffff'0000'0001), 1);
}

TEST(ChecksumTest, PseudoHeaderCoversAddressesProtocolAndLength) {
  const std::array<uint8_t, 4> a4 = {10, 0, 0, 1}, b4 = {192, 168, 7, 9};
  Bytes flat4 = {10, 0, 0, 1, 192, 168, 7, 9, 0, 17, 0x12, 0x34};
  EXPECT_EQ(Inverted(PseudoHeaderSum(a4, b4, 17, 0x1234)), PlainChecksum(flat4));

  const Bytes a6 = Pattern(1, 16), b6 = Pattern(2, 16);
  Bytes flat6 = a6;
  flat6.insert(flat6.end(), b6.begin(), b6.end());
  const std::array<uint8_t, 8> rest = {0x00, 0x01, 0x00, 0x17, 0, 0, 0, 58};
  flat6.insert(flat6.end(), rest.begin(), rest.end());
  EXPECT_EQ(Inverted(PseudoHeaderSum(a6, b6, 58, 0x10017)), PlainChecksum(flat6));
}

TEST(ChecksumTest, UpdateEqualsRecomputing) {
  Bytes header = Pattern(5, 20);
  for (uint32_t word = 0; word < 0x10000; word += 0x101) {
    header[4] = 0x31, header[5] = 0x7c;
    header[10] = header[11] = 0;
    const uint16_t before = PlainChecksum(header);
    const auto value = static_cast<uint16_t>(word);
    header[4] = static_cast<uint8_t>(value >> 8), header[5] = static_cast<uint8_t>(value);
    ASSERT_EQ(UpdateChecksum(before, 0x317c, value), PlainChecksum(header)) << word;
  }
}

// RFC 1624 §4: the older formula gives 0xffff here.
TEST(ChecksumTest, UpdateGivesZeroWhereTheRfcDoes) {
  EXPECT_EQ(UpdateChecksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

}  // namespace
}  // namespace ringwire
