#include "platform/control/sweep_schedule.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

const Instant kStart = Instant::FromNanoseconds(1'000'000'000);

// One sweep that takes `duration` from when it is due; returns when it ended.
Instant RunSweep(SweepSchedule* schedule, bool found,
                 absl::Duration duration = absl::Milliseconds(1)) {
  const Instant begin = schedule->due();
  schedule->Begin(begin);
  schedule->End(begin + duration, found);
  return begin + duration;
}

TEST(SweepScheduleTest, NothingIsDueWithoutAChange) {
  SweepSchedule schedule;
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());
  schedule.Changed(kStart);
  RunSweep(&schedule, /*found=*/false);
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());
}

TEST(SweepScheduleTest, ABurstIsOneSweepAndDoesNotPutItOff) {
  SweepSchedule schedule;
  for (int i = 0; i < 100; ++i) schedule.Changed(kStart + absl::Milliseconds(i));
  EXPECT_EQ(schedule.due(), kStart + SweepSchedule::kCoalesceFor);
}

TEST(SweepScheduleTest, AChangeDuringASweepAsksForAnother) {
  SweepSchedule schedule;
  schedule.Changed(kStart);
  schedule.Begin(schedule.due());
  schedule.Changed(kStart + absl::Milliseconds(11));
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());  // one at a time
  const Instant end = kStart + absl::Milliseconds(12);
  schedule.End(end, /*found=*/false);
  EXPECT_GE(schedule.due(), end + SweepSchedule::kCoalesceFor);
  EXPECT_FALSE(schedule.due().IsInfiniteFuture());
}

TEST(SweepScheduleTest, SweepsTakeABoundedShareOfTheTime) {
  SweepSchedule schedule;
  schedule.Changed(kStart);
  const absl::Duration duration = absl::Seconds(1);
  const Instant end = RunSweep(&schedule, /*found=*/false, duration);
  schedule.Changed(end);
  EXPECT_EQ(schedule.due(), end + duration * SweepSchedule::kRest);
}

TEST(SweepScheduleTest, WhatWasFoundIsLookedForAgainAtGrowingIntervals) {
  SweepSchedule schedule;
  schedule.Changed(kStart);
  Instant end = RunSweep(&schedule, /*found=*/true);
  absl::Duration after = SweepSchedule::kFirstRepetition;
  for (int i = 0; i < SweepSchedule::kRepetitions; ++i) {
    EXPECT_EQ(schedule.due(), end + after);
    // Whatever these find: a peer whose packets keep coming the other way is not to be chased.
    end = RunSweep(&schedule, /*found=*/i % 2 == 0);
    after *= 2;
  }
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());
}

TEST(SweepScheduleTest, AChangeComesBeforeARepetition) {
  SweepSchedule schedule;
  schedule.Changed(kStart);
  const Instant end = RunSweep(&schedule, /*found=*/true);
  schedule.Changed(end);
  EXPECT_EQ(schedule.due(), end + SweepSchedule::kCoalesceFor);
}

}  // namespace
}  // namespace ringwire::platform
