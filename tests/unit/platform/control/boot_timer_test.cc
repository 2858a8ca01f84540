#include "platform/control/boot_timer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "platform/base/clock.h"

namespace ringwire::platform {
namespace {

bool IsReadable(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, timeout_ms) == 1;
}

TEST(BootTimerTest, IsReadableFromTheDeadlineOn) {
  BootTimer timer;
  ASSERT_TRUE(timer.Open().ok());
  EXPECT_FALSE(IsReadable(timer.fd(), 0));
  timer.Arm(BootNow() + absl::Hours(1));
  EXPECT_FALSE(IsReadable(timer.fd(), 0));
  timer.Arm(BootNow() + absl::Milliseconds(5));
  EXPECT_TRUE(IsReadable(timer.fd(), 10'000));
  timer.Clear();
  EXPECT_FALSE(IsReadable(timer.fd(), 0));
}

TEST(BootTimerTest, APastDeadlineFires) {
  BootTimer timer;
  ASSERT_TRUE(timer.Open().ok());
  timer.Arm(Instant::FromNanoseconds(0));
  EXPECT_TRUE(IsReadable(timer.fd(), 10'000));
}

TEST(BootTimerTest, TheSameDeadlineCanBeArmedAgainAfterItFired) {
  BootTimer timer;
  ASSERT_TRUE(timer.Open().ok());
  const Instant due = BootNow();
  timer.Arm(due);
  ASSERT_TRUE(IsReadable(timer.fd(), 10'000));
  timer.Clear();
  timer.Arm(due);
  EXPECT_TRUE(IsReadable(timer.fd(), 10'000));
}

TEST(BootTimerTest, NoDeadlineDisarms) {
  BootTimer timer;
  ASSERT_TRUE(timer.Open().ok());
  timer.Arm(BootNow());
  timer.Arm(Instant::InfiniteFuture());
  EXPECT_FALSE(IsReadable(timer.fd(), 0));
}

}  // namespace
}  // namespace ringwire::platform
