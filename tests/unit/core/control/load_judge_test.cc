#include "core/control/load_judge.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace ringwire {
namespace {

class LoadJudgeTest : public testing::Test {
 protected:
  void Handle(int count, int authentic) {
    for (int i = 0; i < count; ++i) judge_.Handled(now_, i < authentic);
  }
  uint32_t MayWait() const { return shared_.initiations_before_load; }

  Instant now_ = Instant() + absl::Seconds(1000);
  SharedState shared_;
  LoadJudge judge_{&shared_};
};

TEST_F(LoadJudgeTest, PeersThatComeBackAtOnceMayWait) {
  EXPECT_EQ(MayWait(), kInitiationsInStorm);
  Handle(10'000, 10'000);
  EXPECT_EQ(MayWait(), kInitiationsInStorm);
}

TEST_F(LoadJudgeTest, InitiationsThatProveNothingMayNot) {
  Handle(64, 31);
  EXPECT_EQ(MayWait(), kInitiationsInFlood);
}

// In a flood the few that show a cookie are authentic: that must not open the door again.
TEST_F(LoadJudgeTest, AFloodCountsForAMinute) {
  Handle(64, 0);
  now_ = now_ + absl::Seconds(59);
  Handle(640, 640);
  EXPECT_EQ(MayWait(), kInitiationsInFlood);
  now_ = now_ + absl::Seconds(1);
  Handle(64, 64);
  EXPECT_EQ(MayWait(), kInitiationsInStorm);
}

// Not only when the next window is full: a quiet gateway would need hours.
TEST_F(LoadJudgeTest, TheFirstInitiationAfterThatMinuteEndsIt) {
  Handle(64, 0);
  now_ = now_ + absl::Minutes(1);
  Handle(1, 1);
  EXPECT_EQ(MayWait(), kInitiationsInStorm);
}

TEST_F(LoadJudgeTest, AFewBadOnesAmongManyGoodOnesChangeNothing) {
  for (int i = 0; i < 100; ++i) Handle(64, 32);
  EXPECT_EQ(MayWait(), kInitiationsInStorm);
}

}  // namespace
}  // namespace ringwire
