#include "core/wire/path_probe.h"

#include <array>
#include <vector>

#include "core/wire/ip_packet.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

TEST(PathProbeTest, AProbeIsAsLargeAsTheSizeThatItTests) {
  std::vector<uint8_t> plaintext(1420, 0xee);
  WritePathProbe({.is_answer = false, .id = 7, .bytes = 1420}, plaintext);
  const auto probe = ParsePathProbe(plaintext);
  ASSERT_TRUE(probe.has_value());
  EXPECT_FALSE(probe->is_answer);
  EXPECT_EQ(probe->id, 7u);
  EXPECT_EQ(probe->bytes, 1420u);
}

TEST(PathProbeTest, AnAnswerNamesTheSizeThatArrived) {
  std::array<uint8_t, kPathProbeBytesMin> plaintext{};
  WritePathProbe({.is_answer = true, .id = 0xfffffffe, .bytes = 1376}, plaintext);
  const auto probe = ParsePathProbe(plaintext);
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->is_answer);
  EXPECT_EQ(probe->id, 0xfffffffeu);
  EXPECT_EQ(probe->bytes, 1376u);
}

TEST(PathProbeTest, NeverLooksLikeAnIpPacket) {
  for (const bool is_answer : {false, true}) {
    std::array<uint8_t, kPathProbeBytesMin> plaintext{};
    WritePathProbe({.is_answer = is_answer, .id = 0x45454545, .bytes = 16}, plaintext);
    EXPECT_EQ(IpVersionOf(plaintext), IpFamily::kNone);
  }
}

TEST(PathProbeTest, OtherPlaintextsAreNoProbes) {
  EXPECT_FALSE(ParsePathProbe({}).has_value());
  std::vector<uint8_t> plaintext(kPathProbeBytesMin);
  EXPECT_FALSE(ParsePathProbe(plaintext).has_value());
  WritePathProbe({.is_answer = false, .id = 1, .bytes = 16}, plaintext);
  plaintext.pop_back();
  EXPECT_FALSE(ParsePathProbe(plaintext).has_value()) << "too short";
  plaintext.push_back(0);
  plaintext[3] ^= 0x10;
  EXPECT_FALSE(ParsePathProbe(plaintext).has_value()) << "another kind";
}

}  // namespace
}  // namespace ringwire
