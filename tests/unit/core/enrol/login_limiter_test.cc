#include "core/enrol/login_limiter.h"

#include <gtest/gtest.h>

#include <string>

#include "core/enrol/limits.h"
#include "fmt/format.h"

namespace ringwire::enrol {
namespace {

IpAddress At(const std::string& text) { return *IpAddress::Parse(text); }

constexpr int64_t kStart = 100'000;

TEST(LoginLimiterTest, ASourceHasTenTriesAndFiveMoreAMinute) {
  LoginLimiter limiter;
  const IpAddress source = At("192.0.2.1");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limiter.Admit(source, fmt::format("user{}", i), kStart), 0U) << i;
  }
  EXPECT_GT(limiter.Admit(source, "another", kStart), 0U);
  EXPECT_EQ(limiter.Admit(At("192.0.2.2"), "another", kStart), 0U) << "other sources get in";
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limiter.Admit(source, fmt::format("more{}", i), kStart + 60), 0U) << i;
  }
  EXPECT_GT(limiter.Admit(source, "another", kStart + 60), 0U);
}

TEST(LoginLimiterTest, ANetworkOfIpv6IsOneSource) {
  LoginLimiter limiter;
  for (int i = 0; i < 10; ++i) {
    limiter.Admit(At(fmt::format("2001:db8::{}", i + 1)), fmt::format("u{}", i), kStart);
  }
  EXPECT_GT(limiter.Admit(At("2001:db8::99"), "x", kStart), 0U);
  EXPECT_EQ(limiter.Admit(At("2001:db8:0:1::99"), "x", kStart), 0U);
}

// The answer says when to come back, and then it is right.
TEST(LoginLimiterTest, TheWaitIsAsLongAsItSays) {
  LoginLimiter limiter;
  const IpAddress source = At("192.0.2.1");
  for (int i = 0; i < 10; ++i) limiter.Admit(source, fmt::format("user{}", i), kStart);
  const uint32_t wait = limiter.Admit(source, "x", kStart);
  EXPECT_GT(limiter.Admit(source, "x", kStart + wait - 1), 0U);
  EXPECT_EQ(limiter.Admit(source, "x", kStart + wait), 0U);
}

TEST(LoginLimiterTest, ANameHasTenTriesFromSourcesThatItHasNotLoggedInFrom) {
  for (const std::string name : {"alice", "nobody"}) {
    LoginLimiter limiter;
    const IpAddress home = At("198.51.100.1");
    limiter.Admit(home, "alice", kStart);
    limiter.Succeed(home, "alice", kStart);
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(limiter.Admit(At(fmt::format("192.0.2.{}", i)), name, kStart), 0U);
    }
    const uint32_t wait = limiter.Admit(At("192.0.2.99"), name, kStart);
    EXPECT_EQ(wait, 900U) << name;
    EXPECT_EQ(limiter.Admit(At("192.0.2.99"), "other", kStart), 0U);
    EXPECT_EQ(limiter.Admit(home, name, kStart) == 0, name == "alice") << "the known source";
    EXPECT_EQ(limiter.Admit(At("192.0.2.98"), name, kStart + wait), 0U);
  }
}

TEST(LoginLimiterTest, KnownSourcesHaveTheirOwnTenTries) {
  LoginLimiter limiter;
  for (int i = 0; i < 11; ++i) {
    const IpAddress home = At(fmt::format("198.51.100.{}", i));
    limiter.Admit(home, "alice", kStart);
    limiter.Succeed(home, "alice", kStart);
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limiter.Admit(At(fmt::format("198.51.100.{}", i)), "alice", kStart + 1), 0U);
  }
  EXPECT_GT(limiter.Admit(At("198.51.100.10"), "alice", kStart + 1), 0U);
  EXPECT_EQ(limiter.Admit(At("192.0.2.1"), "alice", kStart + 1), 0U) << "strangers have theirs";
}

TEST(LoginLimiterTest, ASourceIsForgottenAfter30Days) {
  LoginLimiter limiter;
  const IpAddress home = At("198.51.100.1");
  limiter.Admit(home, "alice", kStart);
  limiter.Succeed(home, "alice", kStart);
  const int64_t later = kStart + kKnownSourceSeconds;
  for (int i = 0; i < 10; ++i) limiter.Admit(At(fmt::format("192.0.2.{}", i)), "alice", later);
  EXPECT_GT(limiter.Admit(home, "alice", later), 0U);
}

// An office behind one address logs in as often as it likes.
TEST(LoginLimiterTest, SuccessesDoNotCount) {
  LoginLimiter limiter;
  const IpAddress office = At("192.0.2.1");
  for (int i = 0; i < 1000; ++i) {
    const std::string name = fmt::format("user{}", i % 3);
    ASSERT_EQ(limiter.Admit(office, name, kStart), 0U) << i;
    limiter.Succeed(office, name, kStart);
  }
}

// Many tries at once are counted before the first of them has failed.
TEST(LoginLimiterTest, TriesCountWhenTheyAreAdmitted) {
  LoginLimiter limiter;
  int admitted = 0;
  for (int i = 0; i < 500; ++i) admitted += limiter.Admit(At("192.0.2.1"), "a", kStart) == 0;
  EXPECT_EQ(admitted, 10);
}

TEST(LoginLimiterTest, RemembersABoundedNumberOfSources) {
  RecentTable<int, int> table(3);
  for (int i = 0; i < 3; ++i) table.Use(i) = i;
  table.Use(0);
  table.Use(3) = 3;
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(table.Find(1), nullptr) << "the one that was used longest ago";
  EXPECT_NE(table.Find(0), nullptr);
}

}  // namespace
}  // namespace ringwire::enrol
