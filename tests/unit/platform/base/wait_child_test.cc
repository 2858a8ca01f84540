#include "platform/base/wait_child.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace ringwire::platform {
namespace {

TEST(WaitForChildTest, TellsHowItEnded) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(7);
  const std::optional<int> status = WaitForChild(child, absl::Minutes(5));
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(WEXITSTATUS(*status), 7);
}

TEST(WaitForChildTest, OneThatDoesNotEndIsNotWaitedForForEver) {
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  EXPECT_FALSE(WaitForChild(child, absl::Milliseconds(1)).has_value());
  ::kill(child, SIGKILL);
  const std::optional<int> status = WaitForChild(child, absl::Minutes(5));
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(WTERMSIG(*status), SIGKILL);
}

TEST(WaitForChildTest, OneThatIsNoChildHasNoStatus) {
  EXPECT_FALSE(WaitForChild(::getpid(), absl::Minutes(5)).has_value());
}

}  // namespace
}  // namespace ringwire::platform
