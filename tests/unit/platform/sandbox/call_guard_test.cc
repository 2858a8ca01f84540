#include "platform/sandbox/call_guard.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "gtest/gtest.h"
#include "tests/unit/platform/sandbox/in_child.h"
#include "tests/unit/platform/sandbox/posix_thread.h"

namespace ringwire::platform {
namespace {

bool Guard() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return GuardCalls(PolicyFor(SandboxRole::kRelay, static_cast<uint32_t>(::getpid()))).ok();
}

bool IsRefused(int result) { return result == -1 && errno == EPERM; }

TEST(CallGuardTest, RefusesAndCounts) {
  const ChildEnd end = InChild([] {
    const pid_t parent = ::getppid();
    if (!Guard() || CountRefusedCalls().count != 0) return 1;
    if (!IsRefused(::open("/dev/null", O_RDONLY))) return 2;
    if (!IsRefused(::socket(AF_INET, SOCK_DGRAM, 0))) return 3;
    if (!IsRefused(::kill(parent, 0))) return 4;
    const RefusedCalls refused = CountRefusedCalls();
    return refused.count == 3 && refused.last_number == SYS_kill ? 0 : 5;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST(CallGuardTest, HoldsForThreadsThatWereThereBefore) {
  const ChildEnd end = InChild([] {
    std::array<int, 2> guarded{};
    if (::pipe2(guarded.data(), O_CLOEXEC) != 0) return 1;
    bool refused = false;
    bool is_guarded = false;
    {
      const PosixThread before([&] {
        char byte = 0;
        const bool is_told = ::read(guarded[0], &byte, 1) == 1;
        refused = is_told && IsRefused(::open("/dev/null", O_RDONLY));
      });
      is_guarded = Guard();
      if (::write(guarded[1], "g", 1) != 1) return 2;
    }
    return is_guarded && refused && CountRefusedCalls().count == 1 ? 0 : 3;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST(CallGuardTest, WhatIsOpenStaysOfUse) {
  const ChildEnd end = InChild([] {
    const int null = ::open("/dev/null", O_RDWR);
    if (!Guard()) return 1;
    const bool works = ::write(null, "x", 1) == 1 && ::close(null) == 0;
    return works && CountRefusedCalls().count == 0 ? 0 : 2;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST(CallGuardTest, AnotherProgramEndsTheProcess) {
  const ChildEnd end = InChild([] {
    if (!Guard()) return 1;
    ::execl("/bin/true", "true", nullptr);
    return 2;
  });
  EXPECT_EQ(end.signal, SIGSYS);
}

}  // namespace
}  // namespace ringwire::platform
