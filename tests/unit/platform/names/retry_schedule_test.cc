#include "platform/names/retry_schedule.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr Instant kStart = Instant::FromNanoseconds(1'000'000'000);

TEST(RetryScheduleTest, LooksEveryNameUpAtOnce) {
  RetrySchedule schedule;
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());
  EXPECT_TRUE(schedule.AllTried()) << "there are none";
  schedule.Want(kStart, {"b.example", "a.example", "b.example"});
  EXPECT_FALSE(schedule.AllTried());
  EXPECT_EQ(schedule.TakeDue(kStart), "a.example");
  EXPECT_EQ(schedule.TakeDue(kStart), "b.example");
  EXPECT_EQ(schedule.TakeDue(kStart), std::nullopt) << "both are under way";
  schedule.Done(kStart, "a.example", true);
  EXPECT_FALSE(schedule.AllTried());
  schedule.Done(kStart, "b.example", false);
  EXPECT_TRUE(schedule.AllTried()) << "whatever came of it";
}

TEST(RetryScheduleTest, TriesAgainAfterOneTwoFourUpToSixtySeconds) {
  RetrySchedule schedule;
  schedule.Want(kStart, {"a.example"});
  Instant now = kStart;
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    ASSERT_EQ(schedule.TakeDue(now), "a.example");
    schedule.Done(now, "a.example", false);
    EXPECT_EQ(schedule.due(), now + absl::Seconds(wait));
    EXPECT_EQ(schedule.TakeDue(schedule.due() - absl::Nanoseconds(1)), std::nullopt);
    now = schedule.due();
  }
  ASSERT_EQ(schedule.TakeDue(now), "a.example");
  schedule.Done(now, "a.example", true);
  EXPECT_TRUE(schedule.due().IsInfiniteFuture()) << "found: no more questions";
}

TEST(RetryScheduleTest, ANameThatFailsSlowlyTakesNoTurnOfAnother) {
  RetrySchedule schedule;
  schedule.Want(kStart, {"a.dead", "b.dead", "c.alive"});
  Instant now = kStart;
  for (const char* const name : {"a.dead", "b.dead"}) {
    ASSERT_EQ(schedule.TakeDue(now), name);
    now = now + absl::Seconds(6);
    schedule.Done(now, name, false);
  }
  EXPECT_EQ(schedule.TakeDue(now), "c.alive") << "a.dead is due again, but not as long";
}

TEST(RetryScheduleTest, ADoubtAsksAgainButNotOftenerThanEveryThirtySeconds) {
  RetrySchedule schedule;
  schedule.Want(kStart, {"a.example"});
  (void)schedule.TakeDue(kStart);
  schedule.Done(kStart, "a.example", true);
  schedule.Doubt(kStart + absl::Seconds(5), "a.example");
  EXPECT_EQ(schedule.due(), kStart + absl::Seconds(30));
  schedule.Doubt(kStart + absl::Seconds(10), "a.example");
  EXPECT_EQ(schedule.due(), kStart + absl::Seconds(30)) << "one answer for all doubts";
  EXPECT_EQ(schedule.TakeDue(kStart + absl::Seconds(30)), "a.example");
  schedule.Doubt(kStart, "other.example");
  EXPECT_TRUE(schedule.due().IsInfiniteFuture()) << "nobody wants that name";
}

TEST(RetryScheduleTest, ADoubtDoesNotHurryARetry) {
  RetrySchedule schedule;
  schedule.Want(kStart, {"a.example"});
  (void)schedule.TakeDue(kStart);
  schedule.Done(kStart, "a.example", false);
  schedule.Doubt(kStart, "a.example");
  EXPECT_EQ(schedule.due(), kStart + absl::Seconds(1));
}

TEST(RetryScheduleTest, WhatIsNoLongerWantedIsForgotten) {
  RetrySchedule schedule;
  schedule.Want(kStart, {"a.example", "b.example"});
  ASSERT_EQ(schedule.TakeDue(kStart), "a.example");
  schedule.Want(kStart, {"b.example"});
  schedule.Done(kStart, "a.example", false);
  EXPECT_EQ(schedule.TakeDue(kStart), "b.example");
  EXPECT_TRUE(schedule.due().IsInfiniteFuture());
}

}  // namespace
}  // namespace ringwire::platform
