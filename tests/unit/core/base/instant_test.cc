#include "core/base/instant.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace ringwire {
namespace {

TEST(InstantTest, CountsNanoseconds) {
  const Instant start = Instant::FromNanoseconds(5);
  EXPECT_EQ((start + absl::Seconds(2)).nanoseconds(), 2'000'000'005);
  EXPECT_EQ((start - absl::Nanoseconds(3)).nanoseconds(), 2);
  EXPECT_EQ(start + absl::Seconds(2) - start, absl::Seconds(2));
}

TEST(InstantTest, OrdersByTime) {
  EXPECT_LT(Instant::FromNanoseconds(1), Instant::FromNanoseconds(2));
  EXPECT_EQ(Instant(), Instant::FromNanoseconds(0));
  EXPECT_GT(Instant::InfiniteFuture(), Instant::FromNanoseconds(1) + absl::Hours(24 * 365 * 100));
}

TEST(InstantTest, InfiniteFutureStaysInfinite) {
  EXPECT_TRUE((Instant::InfiniteFuture() + absl::Seconds(1)).IsInfiniteFuture());
  EXPECT_TRUE((Instant::InfiniteFuture() - absl::Seconds(1)).IsInfiniteFuture());
  EXPECT_FALSE(Instant().IsInfiniteFuture());
}

TEST(InstantTest, AdditionSaturatesInsteadOfWrapping) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE((Instant::FromNanoseconds(kMax - 1) + absl::Seconds(1)).IsInfiniteFuture());
  EXPECT_TRUE((Instant::FromNanoseconds(1) + absl::InfiniteDuration()).IsInfiniteFuture());
  EXPECT_EQ((Instant::FromNanoseconds(kMax - 2) + absl::Nanoseconds(1)).nanoseconds(), kMax - 1);
}

}  // namespace
}  // namespace ringwire
