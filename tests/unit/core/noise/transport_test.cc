#include "core/noise/transport.h"

#include <gtest/gtest.h>

#include <array>

namespace ringwire {
namespace {

TEST(PaddedSizeTest, IsAMultipleOfSixteenWithinTheMtu) {
  EXPECT_EQ(PaddedSize(0, 1420), 0U);  // a keepalive stays empty
  EXPECT_EQ(PaddedSize(1, 1420), 16U);
  EXPECT_EQ(PaddedSize(16, 1420), 16U);
  EXPECT_EQ(PaddedSize(17, 1420), 32U);
  EXPECT_EQ(PaddedSize(84, 1420), 96U);
  EXPECT_EQ(PaddedSize(1408, 1420), 1408U);
}

TEST(PaddedSizeTest, StopsAtTheMtu) {
  EXPECT_EQ(PaddedSize(1409, 1420), 1420U);
  EXPECT_EQ(PaddedSize(1420, 1420), 1420U);
  EXPECT_EQ(PaddedSize(1, 10), 10U);
}

TEST(PaddedSizeTest, WithoutAnMtuNothingClamps) {
  EXPECT_EQ(PaddedSize(1409, 0), 1424U);
  EXPECT_EQ(PaddedSize(65535, 0), 65536U);
}

TEST(PaddedSizeTest, PadsOnlyTheLastPacketOfALargerOne) {
  EXPECT_EQ(PaddedSize(1421, 1420), 1420U + 16U);
  EXPECT_EQ(PaddedSize(2 * 1420, 1420), 2U * 1420U);
  EXPECT_EQ(PaddedSize(2 * 1420 + 17, 1420), 2U * 1420U + 32U);
  EXPECT_EQ(PaddedSize(2 * 1420 - 1, 1420), 2U * 1420U);
}

TEST(PaddedSizeTest, AddsLessThanSixteenAndNeverCrossesTheMtu) {
  for (const size_t mtu : {0U, 1U, 15U, 16U, 17U, 576U, 1280U, 1420U, 1500U, 9000U}) {
    for (size_t packet = 0; packet <= 10000; ++packet) {
      const size_t padded = PaddedSize(packet, mtu);
      ASSERT_GE(padded, packet);
      ASSERT_LT(padded - packet, 16U);
      if (mtu == 0) {
        ASSERT_EQ(padded % 16, 0U);
      } else if (packet <= mtu) {
        ASSERT_LE(padded, mtu);
        ASSERT_TRUE(padded % 16 == 0 || padded == mtu) << packet << " in " << mtu;
      }
    }
  }
}

TEST(TransportHeaderTest, IsLittleEndian) {
  std::array<uint8_t, 17> out{};
  out.back() = 0xee;
  StoreTransportHeader(out.data(), 0x55667788, 0x0102030405060708);
  const std::array<uint8_t, 17> expected = {4, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 8,
                                            7, 6, 5, 4, 3,    2,    1,    0xee};
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace ringwire
