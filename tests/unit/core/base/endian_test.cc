#include "core/base/endian.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace ringwire {
namespace {

constexpr std::array<uint8_t, 9> kBytes{0xff, 1, 2, 3, 4, 5, 6, 7, 8};

TEST(EndianTest, LoadsUnalignedInTheStatedOrder) {
  const uint8_t* const unaligned = kBytes.data() + 1;
  EXPECT_EQ(LoadLe32(unaligned), 0x04030201u);
  EXPECT_EQ(LoadLe64(unaligned), 0x0807060504030201u);
  EXPECT_EQ(LoadBe16(unaligned), 0x0102u);
  EXPECT_EQ(LoadBe32(unaligned), 0x01020304u);
  EXPECT_EQ(LoadBe64(unaligned), 0x0102030405060708u);
}

TEST(EndianTest, LoadsItsOwnStores) {
  const auto stored = [](auto store, auto value) {
    std::array<uint8_t, 9> bytes{0xff};
    store(bytes.data() + 1, value);
    return bytes;
  };
  EXPECT_EQ(stored(StoreLe64, uint64_t{0x0807060504030201}), kBytes);
  EXPECT_EQ(stored(StoreBe64, uint64_t{0x0102030405060708}), kBytes);
  EXPECT_EQ(stored(StoreLe32, uint32_t{0x04030201}), (std::array<uint8_t, 9>{0xff, 1, 2, 3, 4}));
  EXPECT_EQ(stored(StoreBe32, uint32_t{0x01020304}), (std::array<uint8_t, 9>{0xff, 1, 2, 3, 4}));
  EXPECT_EQ(stored(StoreBe16, uint16_t{0x0102}), (std::array<uint8_t, 9>{0xff, 1, 2}));
}

}  // namespace
}  // namespace ringwire
