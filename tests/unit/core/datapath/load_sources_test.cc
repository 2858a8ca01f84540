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
  LoadSources sources_{7};
};

TEST_F(LoadSourcesTest, TwentyInitiationsASecondAreWelcomeAndTheNextIsNot) {
  for (int i = 0; i < 20; ++i)
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1"), &counters_)) << i;
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1"), &counters_));
}

TEST_F(LoadSourcesTest, TheLastSecondIsASlidingOne) {
  const IpAddress source = Ip("192.0.2.1");
  // 20 at the end of one window and one at the start of the next lie within a second.
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(10)), source, &counters_));
  for (int i = 0; i < 19; ++i)
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Milliseconds(10'990)), source, &counters_));
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Milliseconds(11'001)), source, &counters_));
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Milliseconds(11'002)), source, &counters_));
  // A second of silence later nothing is held against it.
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(14)), source, &counters_));
}

TEST_F(LoadSourcesTest, AHostIsHeldToItsWholeIpv6Subnet) {
  for (int i = 0; i < 20; ++i) {
    const std::string host = "2001:db8::" + std::to_string(i + 1);
    EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip(host.c_str()), &counters_));
  }
  EXPECT_TRUE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("2001:db8::ffff"), &counters_));
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("2001:db8:0:1::1"), &counters_));
}

TEST_F(LoadSourcesTest, OneFlooderCostsItsNeighbourNothing) {
  for (int i = 0; i < 1000; ++i)
    (void)sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.1"), &counters_);
  EXPECT_FALSE(sources_.CountInitiation(At(absl::Seconds(1)), Ip("192.0.2.2"), &counters_));
}

TEST_F(LoadSourcesTest, TheBucketHoldsFiveAndFillsAtTwentyASecond) {
  const IpAddress source = Ip("192.0.2.1");
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(sources_.TakeToken(At(absl::Seconds(1)), source, &counters_));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Seconds(1)), source, &counters_));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Milliseconds(1049)), source, &counters_));
  EXPECT_TRUE(sources_.TakeToken(At(absl::Milliseconds(1050)), source, &counters_));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Milliseconds(1050)), source, &counters_));
  // Never more than five, however long it rests.
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(sources_.TakeToken(At(absl::Seconds(100)), source, &counters_));
  EXPECT_FALSE(sources_.TakeToken(At(absl::Seconds(100)), source, &counters_));
}

// Each worker reads its clock by itself: what one writes, another may find to lie ahead.
TEST_F(LoadSourcesTest, AClockThatIsALittleBehindNeitherGivesNorTakes) {
  const IpAddress source = Ip("192.0.2.1");
  const Instant ahead = At(absl::Milliseconds(1001)), behind = At(absl::Milliseconds(999));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(sources_.TakeToken(i % 2 == 0 ? ahead : behind, source, &counters_));
  }
  EXPECT_FALSE(sources_.TakeToken(behind, source, &counters_));
  EXPECT_FALSE(sources_.TakeToken(ahead, source, &counters_));
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(sources_.CountInitiation(i % 2 == 0 ? ahead : behind, source, &counters_));
  }
  EXPECT_TRUE(sources_.CountInitiation(behind, source, &counters_));
}

TEST_F(LoadSourcesTest, AFullTableEvictsAndCounts) {
  for (uint32_t i = 0; i < 4 * kLoadSourcesMax; ++i) {
    IpAddress source{.family = IpFamily::kV4,
                     .bytes = {10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i)}};
    (void)sources_.CountInitiation(At(absl::Seconds(1)), source, &counters_);
  }
  EXPECT_GT(counters_.load_sources_evicted.value(), kLoadSourcesMax);
}

TEST_F(LoadSourcesTest, SourcesThatFellSilentMakeRoomWithoutBeingCounted) {
  for (uint32_t i = 0; i < 4 * kLoadSourcesMax; ++i) {
    IpAddress source{.family = IpFamily::kV4,
                     .bytes = {10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i)}};
    (void)sources_.CountInitiation(At(absl::Seconds(2) * i), source, &counters_);
  }
  EXPECT_EQ(counters_.load_sources_evicted.value(), 0);
}

}  // namespace
}  // namespace ringwire
