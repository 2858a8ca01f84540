#include "platform/base/event_fd.h"

#include <poll.h>

#include <thread>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

bool IsReadable(const EventFd& event) {
  pollfd wait{event.get(), POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(EventFdTest, IsReadableFromTheFirstRaiseUntilItIsCleared) {
  const EventFd event;
  ASSERT_TRUE(event.valid());
  EXPECT_FALSE(IsReadable(event));
  event.Raise();
  event.Raise();
  EXPECT_TRUE(IsReadable(event));
  event.Clear();
  EXPECT_FALSE(IsReadable(event)) << "several raises count as one";
}

TEST(EventFdTest, ClearDoesNotBlockWhenNothingWasRaised) {
  const EventFd event;
  event.Clear();
  EXPECT_FALSE(IsReadable(event));
}

TEST(EventFdTest, WaitReturnsWhenAnotherThreadRaisesAndLeavesItCleared) {
  const EventFd event;
  std::thread other([&event] { event.Raise(); });
  event.Wait(-1);
  EXPECT_FALSE(IsReadable(event));
  other.join();
}

TEST(EventFdTest, WaitReturnsAtItsTimeout) {
  const EventFd event;
  event.Wait(1);
  EXPECT_FALSE(IsReadable(event));
}

}  // namespace
}  // namespace ringwire::platform
