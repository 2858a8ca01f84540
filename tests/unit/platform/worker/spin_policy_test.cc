#include "platform/worker/spin_policy.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr absl::Duration kLong = absl::Nanoseconds(SpinPolicy::kLongNs);
constexpr absl::Duration kShort = absl::Nanoseconds(SpinPolicy::kShortNs);
const Instant kStart = Instant::FromNanoseconds(1'000'000'000);

TEST(SpinPolicyTest, SpinsAfterWorkOnly) {
  SpinPolicy spin(BusyPoll::kAuto, 4);
  EXPECT_TRUE(spin.enabled());
  EXPECT_EQ(spin.SpinFor(kStart, false), absl::ZeroDuration());
  EXPECT_EQ(spin.SpinFor(kStart, true), kLong);
}

TEST(SpinPolicyTest, NeverSpinsWithFewerThanFourCpusOrWhenOff) {
  for (SpinPolicy spin : {SpinPolicy(BusyPoll::kAuto, 3), SpinPolicy(BusyPoll::kOff, 64)}) {
    EXPECT_FALSE(spin.enabled());
    EXPECT_FALSE(spin.WantsSwitches(kStart));
    EXPECT_EQ(spin.SpinFor(kStart, true), absl::ZeroDuration());
  }
}

TEST(SpinPolicyTest, ForcedItSpinsInAnySurroundingsExceptWhenIdle) {
  SpinPolicy spin(BusyPoll::kOn, 1);
  EXPECT_FALSE(spin.WantsSwitches(kStart));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(spin.SpinFor(kStart, true), kLong);
    spin.Spun(false);
  }
  EXPECT_EQ(spin.SpinFor(kStart, false), absl::ZeroDuration());
}

TEST(SpinPolicyTest, SpinsBrieflyWhereItSeldomFindsAnythingAndThenRests) {
  SpinPolicy spin(BusyPoll::kAuto, 4);
  int granted = 0;
  absl::Duration last;
  for (absl::Duration time; (time = spin.SpinFor(kStart, true)) != absl::ZeroDuration();) {
    last = time;
    ++granted;
    spin.Spun(false);
    ASSERT_LT(granted, 100);
  }
  EXPECT_EQ(granted, SpinPolicy::kScoreLong);
  EXPECT_EQ(last, kShort);
  for (int i = 1; i < SpinPolicy::kRestTurns; ++i) {
    EXPECT_EQ(spin.SpinFor(kStart, true), absl::ZeroDuration());
  }
  EXPECT_EQ(spin.SpinFor(kStart, true), kShort);  // tries again, once
  spin.Spun(false);
  EXPECT_EQ(spin.SpinFor(kStart, true), absl::ZeroDuration());
}

TEST(SpinPolicyTest, FindsMakeItSpinLongerAgain) {
  SpinPolicy spin(BusyPoll::kAuto, 4);
  for (int i = 0; i < 3; ++i) spin.Spun(false);
  EXPECT_EQ(spin.SpinFor(kStart, true), kShort);
  for (int i = 0; i < 3; ++i) spin.Spun(true);
  EXPECT_EQ(spin.SpinFor(kStart, true), kLong);
  for (int i = 0; i < 100; ++i) spin.Spun(true);
  for (int i = 0; i < SpinPolicy::kScoreMax; ++i) {  // bounded: it does not rest on its laurels
    EXPECT_NE(spin.SpinFor(kStart, true), absl::ZeroDuration());
    spin.Spun(false);
  }
  EXPECT_EQ(spin.SpinFor(kStart, true), absl::ZeroDuration());
}

TEST(SpinPolicyTest, ItRestsForATenthOfASecondAfterDisplacement) {
  SpinPolicy spin(BusyPoll::kAuto, 4);
  ASSERT_TRUE(spin.WantsSwitches(kStart));
  spin.SetSwitches(kStart, 7);
  EXPECT_EQ(spin.SpinFor(kStart, true), kLong);  // of old
  const Instant next = kStart + absl::Milliseconds(10);
  EXPECT_FALSE(spin.WantsSwitches(next - absl::Nanoseconds(1)));
  ASSERT_TRUE(spin.WantsSwitches(next));
  spin.SetSwitches(next, 8);
  EXPECT_EQ(spin.SpinFor(next, true), absl::ZeroDuration());
  EXPECT_EQ(spin.SpinFor(next + absl::Milliseconds(100) - absl::Nanoseconds(1), true),
            absl::ZeroDuration());
  EXPECT_EQ(spin.SpinFor(next + absl::Milliseconds(100), true), kLong);
  spin.SetSwitches(next + absl::Milliseconds(100), 8);
  EXPECT_EQ(spin.SpinFor(next + absl::Milliseconds(100), true), kLong);
}

}  // namespace
}  // namespace ringwire::platform
