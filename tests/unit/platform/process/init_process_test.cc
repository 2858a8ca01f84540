#include "platform/process/init_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "platform/base/wait_child.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

// Runs `act` as the first process of a process namespace.
pid_t StartFirst(const std::function<int()>& act) {
  const pid_t outer = ::fork();
  if (outer != 0) return outer;
  if (::unshare(CLONE_NEWPID) != 0) ::_exit(101);
  const pid_t first = ::fork();
  if (first == 0) ::_exit(IsInitProcess() ? act() : 102);
  ::_exit(WaitForChild(first, kPatience).value_or(0) >> 8);
}

int ExitCodeOf(pid_t process) {
  const std::optional<int> status = WaitForChild(process, kPatience);
  return status.has_value() && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

class InitProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root (a process namespace)";
  }
};

TEST_F(InitProcessTest, IsNotTheProcessOfATest) { EXPECT_FALSE(IsInitProcess()); }

TEST_F(InitProcessTest, ReturnsTheExitCode) {
  EXPECT_EQ(ExitCodeOf(StartFirst([] { return RunUnderInit([] { return 7; }); })), 7);
}

TEST_F(InitProcessTest, ReturnsTheSignalThatEndedTheService) {
  EXPECT_EQ(ExitCodeOf(StartFirst([] {
              return RunUnderInit([] {
                ::raise(SIGKILL);
                return 0;
              });
            })),
            128 + SIGKILL);
}

// The service prints nothing before it waits for the signal, so the test needs no pause: a blocked
// signal stays pending.
TEST_F(InitProcessTest, PassesASignalOn) {
  EXPECT_EQ(ExitCodeOf(StartFirst([] {
              sigset_t end;
              ::sigemptyset(&end);
              ::sigaddset(&end, SIGTERM);
              ::sigprocmask(SIG_BLOCK, &end, nullptr);
              ::raise(SIGTERM);
              return RunUnderInit([&end] {
                int signal = 0;
                return ::sigwait(&end, &signal) == 0 && signal == SIGTERM ? 5 : 6;
              });
            })),
            5);
}

// The grandchild loses its parent and ends; the service sees that nothing is left of it.
TEST_F(InitProcessTest, ReapsWhatLostItsParent) {
  EXPECT_EQ(ExitCodeOf(StartFirst([] {
              return RunUnderInit([] {
                std::array<int, 2> ends{};
                if (::pipe(ends.data()) != 0) return 1;
                const pid_t parent = ::fork();
                if (parent == 0) {
                  const pid_t orphan = ::fork();
                  if (orphan == 0) ::_exit(0);
                  [[maybe_unused]] const ssize_t size = ::write(ends[1], &orphan, sizeof(orphan));
                  ::_exit(0);
                }
                pid_t orphan = 0;
                if (::read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan)) return 2;
                if (!WaitForChild(parent, kPatience).has_value()) return 3;
                for (int i = 0; i < 6000 && ::kill(orphan, 0) == 0; ++i) ::poll(nullptr, 0, 10);
                return ::kill(orphan, 0) == 0 ? 4 : 0;
              });
            })),
            0);
}

}  // namespace
}  // namespace ringwire::platform
