#include "core/datapath/load_sources.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/limits.h"

namespace ringwire {
namespace {

Instant At(absl::Duration since_boot) { return Instant::FromNanoseconds(1) + since_boot; }
IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

class LoadSourcesTest : public ::testing::Test {
 protected:
  WorkerCounters counters_;
  LoadSources sources_{7, &counters_};
};

TEST_F(LoadSourcesTest, TwentyInitiationsASecondAreWelcomeAndTheNextIsNot) {
  for (int i = 0; i < 20; ++i)
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1"))) << i;
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1")));
}

TEST_F(LoadSourcesTest, TheLastSecondIsASlidingOne) {
  const IpAddress source = Ip("192.0.2.1");
  // 20 at the end of one window and one at the start of the next lie within a second.
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(10)), source));
  for (int i = 0; i < 19; ++i)
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Milliseconds(10'990)), source));
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Milliseconds(11'001)), source));
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Milliseconds(11'002)), source));
  // A second of silence later nothing is held against it.
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(14)), source));
}

TEST_F(LoadSourcesTest, AHostIsHeldToItsWholeIpv6Subnet) {
  for (int i = 0; i < 20; ++i) {
    const std::string host = "2001:db8::" + std::to_string(i + 1);
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip(host.c_str())));
  }
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("2001:db8::ffff")));
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("2001:db8:0:1::1")));
}

TEST_F(LoadSourcesTest, OneFlooderCostsItsNeighbourNothing) {
  for (int i = 0; i < 1000; ++i)
    (void)sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1"));
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.2")));
}

TEST_F(LoadSourcesTest, TheBucketHoldsFiveAndFillsAtTwentyASecond) {
  const IpAddress source = Ip("192.0.2.1");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sources_.TakeToken(At(absl::Seconds(1)), source));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Seconds(1)), source));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Milliseconds(1049)), source));
  EXPECT_TRUE(sources_.TakeToken(At(absl::Milliseconds(1050)), source));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Milliseconds(1050)), source));
  // Never more than five, however long it rests.
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sources_.TakeToken(At(absl::Seconds(100)), source));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Seconds(100)), source));
}

TEST_F(LoadSourcesTest, AFullTableEvictsAndSaysSo) {
  for (uint32_t i = 0; i < 4 * kLoadSourcesMax; ++i) {
    IpAddress source{.family = IpFamily::kV4,
                     .bytes = {10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i)}};
    (void)sources_.CountInitiation(At(absl::Seconds(1)), source);
  }
  EXPECT_GT(counters_.load_sources_evicted.value(), kLoadSourcesMax);
}

TEST_F(LoadSourcesTest, SourcesThatFellSilentMakeRoomWithoutBeingCounted) {
  for (uint32_t i = 0; i < 4 * kLoadSourcesMax; ++i) {
    IpAddress source{.family = IpFamily::kV4,
                     .bytes = {10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i)}};
    (void)sources_.CountInitiation(At(absl::Seconds(2) * i), source);
  }
  EXPECT_EQ(counters_.load_sources_evicted.value(), 0);
}

}  // namespace
}  // namespace ringwire
