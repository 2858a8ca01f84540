#include "platform/base/state_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "platform/gateway/host/sysctl_holders.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

constexpr uid_t kNobody = 65534;

class StateLockTest : public FolderTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);  // as /run/ringwire
  }

  absl::StatusOr<StateLock> Take(absl::Duration patience = StateLock::kPatience,
                                 EndSignals signals = EndSignals::kIgnored) {
    return StateLock::Take(folder_, "one", signals, patience);
  }
  std::string file() const { return folder_ + "/lock/one"; }
};

// Whether another user could open `path` and hold its flock(2), for reading as for writing.
bool NobodyCanLock(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    for (const int mode : {O_RDONLY, O_RDWR}) {
      const int opened = ::open(path.c_str(), mode | O_CLOEXEC);
      if (opened >= 0 && ::flock(opened, LOCK_EX | LOCK_NB) == 0) ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status != 0;
}

TEST_F(StateLockTest, OnlyOneHoldsIt) {
  {
    const absl::StatusOr<StateLock> first = Take();
    ASSERT_TRUE(first.ok() && first->holds()) << first.status();
    const absl::StatusOr<StateLock> second = Take(absl::Milliseconds(1));
    EXPECT_TRUE(absl::IsDeadlineExceeded(second.status())) << second.status();
    EXPECT_TRUE(StateLock::Take(folder_, "two", EndSignals::kIgnored, absl::ZeroDuration()).ok())
        << "another name is another lock";
  }
  EXPECT_NE(::access(file().c_str(), F_OK), 0) << "nothing is left of it";
  EXPECT_TRUE(Take(absl::ZeroDuration()).ok());
}

TEST_F(StateLockTest, ManyTakeTurns) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 50;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const absl::StatusOr<StateLock> lock = Take(absl::Minutes(5));
        if (!lock.ok() || !lock->holds()) continue;
        most = std::max(most.load(), ++inside);
        std::this_thread::yield();
        --inside;
        ++turns;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(turns, kThreads * kTurns);
}

TEST_F(StateLockTest, AnotherUserCanHoldNoPartOfIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const absl::StatusOr<StateLock> lock = Take();
  ASSERT_TRUE(lock.ok() && lock->holds()) << lock.status();
  EXPECT_TRUE(NobodyCanLock(folder_)) << "else this test shows nothing";
  EXPECT_FALSE(NobodyCanLock(folder_ + "/lock"));
  EXPECT_FALSE(NobodyCanLock(file()));
}

TEST_F(StateLockTest, TheFolderAboveMayBeHeldByAnybody) {
  const UniqueFd above(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(above.get(), LOCK_EX), 0);
  EXPECT_TRUE(Take(absl::ZeroDuration())->holds());
  const auto before = SysctlHolders::Before(folder_);  // waited for ever once
  EXPECT_TRUE(before.ok()) << before.status();
}

TEST_F(StateLockTest, ASignalEndsTheWaitAndStaysPending) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &ends, nullptr), 0);
  const absl::StatusOr<StateLock> first = Take();
  ASSERT_TRUE(first.ok());
  ::pthread_kill(::pthread_self(), SIGTERM);
  const absl::Status status = Take(absl::Minutes(5), EndSignals::kHeard).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Take(absl::ZeroDuration()).status())) << "not heard";
  const timespec no_time{};
  EXPECT_EQ(::sigtimedwait(&ends, nullptr, &no_time), SIGTERM);
  ::pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
}

TEST_F(StateLockTest, WhereNothingCanBeWrittenItHoldsNothing) {
  const absl::StatusOr<StateLock> lock =
      StateLock::Take("/proc/nowhere", "one", EndSignals::kIgnored);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_FALSE(lock->holds());
}

// Two processes without the lock could both change what it protects.
TEST_F(StateLockTest, AProcessWithoutFreeDescriptorsDoesNotGoOnWithoutIt) {
  ASSERT_TRUE(Take().ok());  // makes the folder
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::StatusOr<StateLock> lock = Take();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(lock.status())) << lock.status();
}

TEST_F(StateLockTest, AFolderThatOthersMayEnterIsRefused) {
  ASSERT_EQ(::mkdir((folder_ + "/lock").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((folder_ + "/lock").c_str(), 0755), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Take().status()));
}

TEST_F(StateLockTest, AFileThatIsNotOursAloneIsRefused) {
  ASSERT_EQ(::mkdir((folder_ + "/lock").c_str(), 0700), 0);
  std::ofstream(folder_ + "/target");
  ASSERT_EQ(::symlink("../target", file().c_str()), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Take().status())) << "a link";
  ASSERT_EQ(::unlink(file().c_str()), 0);
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Take().status())) << "a pipe";
  ASSERT_EQ(::unlink(file().c_str()), 0);
  std::ofstream(file()).flush();
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Take().status())) << "readable by others";
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  ASSERT_EQ(::chown(file().c_str(), kNobody, kNobody), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Take().status())) << "another user's";
}

}  // namespace
}  // namespace ringwire::platform
