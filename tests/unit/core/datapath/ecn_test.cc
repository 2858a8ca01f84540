#include "core/datapath/ecn.h"

#include <cstdint>
#include <optional>

#include "gtest/gtest.h"

namespace ringwire {
namespace {

constexpr uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;

TEST(EcnTest, CopiesEcnButNeverDscpOutwards) {
  for (unsigned tos = 0; tos < 256; ++tos) {
    EXPECT_EQ(EcnEncapsulate(static_cast<uint8_t>(tos)), tos & 3);
  }
}

// RFC 6040 figure 4, row by row.
TEST(EcnTest, FollowsTheTableOfTheRfc) {
  constexpr uint8_t kDrop = 0xff;
  struct Row {
    uint8_t inner;
    uint8_t not_ect, ect0, ect1, ce;  // by the outer header
  };
  constexpr Row kRows[] = {
      {kNotEct, kNotEct, kNotEct, kNotEct, kDrop},
      {kEct0, kEct0, kEct0, kEct1, kCe},
      {kEct1, kEct1, kEct1, kEct1, kCe},
      {kCe, kCe, kCe, kCe, kCe},
  };
  for (const Row& row : kRows) {
    const auto expect = [&](uint8_t outer, uint8_t expected) {
      const std::optional<uint8_t> tos = EcnDecapsulate(outer, row.inner);
      ASSERT_EQ(tos.has_value(), expected != kDrop) << int{outer} << " " << int{row.inner};
      if (tos) {
        EXPECT_EQ(*tos, expected) << int{outer} << " " << int{row.inner};
      }
    };
    expect(kNotEct, row.not_ect);
    expect(kEct0, row.ect0);
    expect(kEct1, row.ect1);
    expect(kCe, row.ce);
  }
}

TEST(EcnTest, KeepsTheInnerDscpForEveryOuterOne) {
  for (unsigned outer = 0; outer < 256; ++outer) {
    for (unsigned inner = 0; inner < 256; ++inner) {
      const auto tos = EcnDecapsulate(static_cast<uint8_t>(outer), static_cast<uint8_t>(inner));
      if (!tos) {
        EXPECT_TRUE((outer & 3) == kCe && (inner & 3) == kNotEct);
        continue;
      }
      EXPECT_EQ(*tos & 0xfc, inner & 0xfc);
    }
  }
}

TEST(EcnTest, AMarkSurvivesTheTunnelAndIsNeverLost) {
  for (const uint8_t inner : {kEct0, kEct1, kCe}) {
    EXPECT_EQ(EcnDecapsulate(kCe, inner), kCe);
    EXPECT_EQ(EcnDecapsulate(EcnEncapsulate(inner), inner), inner);
  }
}

}  // namespace
}  // namespace ringwire
