#include "core/enrol/renewal_schedule.h"

#include <gtest/gtest.h>

#include <random>

namespace ringwire::enrol {
namespace {

constexpr Instant kStart = Instant::FromNanoseconds(1'000'000'000'000);
constexpr RenewalSchedule::Terms kLease = {3600, 86400};

TEST(RenewalScheduleTest, RenewsHalfwayThroughALease) {
  EXPECT_EQ(RenewalSchedule(kStart, kLease, false, 0.5).renew_at(), kStart + absl::Seconds(1800));
  EXPECT_EQ(RenewalSchedule(kStart, kLease, false, 0).renew_at(), kStart + absl::Seconds(1620));
  EXPECT_LT(RenewalSchedule(kStart, kLease, false, 0.999).renew_at(), kStart + absl::Seconds(1980));
  EXPECT_EQ(RenewalSchedule(kStart, kLease, false, 0.5).ends_at(), kStart + absl::Hours(1));
}

TEST(RenewalScheduleTest, ASuccessBeginsTheLeaseAnew) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  const Instant later = schedule.renew_at();
  schedule.Granted(later, {600, 7200}, false, 0.5);
  EXPECT_EQ(schedule.renew_at(), later + absl::Seconds(300));
  EXPECT_EQ(schedule.ends_at(), later + absl::Seconds(600));
}

TEST(RenewalScheduleTest, FailuresWaitAtMostAMinuteAndLeaveTheEnd) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  const Instant end = schedule.ends_at();
  Instant now = schedule.renew_at();
  for (const int most_s : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    schedule.Failed(now, 0, 1);
    EXPECT_EQ(schedule.renew_at(), now + absl::Seconds(most_s));
    now = schedule.renew_at();
  }
  schedule.Failed(now, 0, 0.25);
  EXPECT_EQ(schedule.renew_at(), now + absl::Seconds(15)) << "full jitter";
  EXPECT_EQ(schedule.ends_at(), end);
}

TEST(RenewalScheduleTest, ObeysRetryAfter) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  schedule.Failed(kStart, 42, 0);
  EXPECT_EQ(schedule.renew_at(), kStart + absl::Seconds(42));
}

TEST(RenewalScheduleTest, ASuccessEndsTheBackoff) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  for (int i = 0; i < 10; ++i) schedule.Failed(kStart, 0, 1);
  schedule.Granted(kStart, kLease, false, 0.5);
  schedule.Failed(kStart, 0, 1);
  EXPECT_EQ(schedule.renew_at(), kStart + absl::Seconds(1));
}

TEST(RenewalScheduleTest, AsksAtOnceWhenThePeerIsSilent) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  const Instant now = kStart + absl::Seconds(100);
  schedule.Doubt(now);
  EXPECT_EQ(schedule.renew_at(), now);
}

TEST(RenewalScheduleTest, DoubtNeitherFloodsNorDelays) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  schedule.Doubt(kStart + absl::Seconds(1));
  EXPECT_EQ(schedule.renew_at(), kStart + absl::Seconds(10)) << "one has just succeeded";
  const Instant due = kStart + absl::Seconds(20);
  schedule.Failed(due, 30, 0);
  schedule.Doubt(due + absl::Seconds(1));
  EXPECT_EQ(schedule.renew_at(), due + absl::Seconds(30)) << "the gateway asked for time";
}

TEST(RenewalScheduleTest, ASilentPeerGetsAnotherPresharedKeyEverMoreSeldom) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  Instant now = kStart;
  for (const int wait_s : {10, 20, 40, 80, 160, 320, 320}) {
    schedule.Doubt(now + absl::Seconds(1));
    EXPECT_EQ(schedule.renew_at(), now + absl::Seconds(wait_s));
    now = schedule.renew_at();
    EXPECT_TRUE(schedule.WantsRekey(now));
    schedule.Granted(now, kLease, true, 0.5);
  }
  now = schedule.renew_at();
  schedule.Granted(now, kLease, false, 0.5);
  schedule.Doubt(now + absl::Seconds(1));
  EXPECT_EQ(schedule.renew_at(), now + absl::Seconds(10)) << "it answered for half a lease";
}

TEST(RenewalScheduleTest, RekeysEveryDayAndRepeatsALostOne) {
  RenewalSchedule schedule(kStart, kLease, false, 0.5);
  const Instant day = kStart + absl::Hours(24);
  EXPECT_FALSE(schedule.WantsRekey(day - absl::Seconds(1)));
  EXPECT_TRUE(schedule.WantsRekey(day));
  schedule.Failed(day, 0, 0.5);
  EXPECT_TRUE(schedule.WantsRekey(schedule.renew_at()));
  schedule.Granted(day, kLease, true, 0.5);
  EXPECT_FALSE(schedule.WantsRekey(day + absl::Hours(23)));
}

TEST(RenewalScheduleTest, TheLastLeaseOfASessionIsNotRenewed) {
  const RenewalSchedule schedule(kStart, {600, 600}, false, 0.5);
  EXPECT_TRUE(schedule.IsLastLease());
  EXPECT_EQ(schedule.renew_at(), schedule.ends_at());
  EXPECT_FALSE(RenewalSchedule(kStart, {600, 601}, false, 0.5).IsLastLease());
}

TEST(RenewalScheduleTest, AClientThatCanLogInDoesSoBeforeItsSessionEnds) {
  const RenewalSchedule schedule(kStart, {600, 600}, true, 0.5);
  EXPECT_EQ(schedule.renew_at(), kStart + absl::Seconds(300));
}

// A month of a network that is away a third of the time: a lease of an hour lives on through every
// outage of less than half of it.
TEST(RenewalScheduleTest, LivesThroughOutagesShorterThanHalfALease) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(0, 1);
    RenewalSchedule schedule(kStart, kLease, false, unit(random));
    Instant now = kStart;
    Instant away_until = kStart;
    Instant back_until = kStart;
    int calls = 0;
    while (now < kStart + absl::Hours(24 * 30)) {
      now = schedule.renew_at();
      ++calls;
      ASSERT_LE(now, schedule.ends_at()) << "seed " << seed;
      while (now >= back_until) {
        away_until = back_until + absl::Seconds(1500 * unit(random));
        back_until = away_until + absl::Seconds(120 + 3000 * unit(random));
      }
      if (now < away_until) {
        schedule.Failed(now, 0, unit(random));
      } else {
        schedule.Granted(now, kLease, schedule.WantsRekey(now), unit(random));
      }
    }
    EXPECT_LT(calls, 50'000) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ringwire::enrol
