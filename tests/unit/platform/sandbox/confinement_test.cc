#include "platform/sandbox/confinement.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "platform/base/unique_fd.h"
#include "tests/unit/platform/sandbox/in_child.h"
#include "tests/unit/platform/sandbox/posix_thread.h"

namespace ringwire::platform {
namespace {

// The fields of /proc/PID/status, by name.
std::string FieldOf(pid_t process, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}

constexpr char kNone[] = "0000000000000000";

// A process that gives its rights up and waits to be looked at.
class Confined {
 public:
  explicit Confined(ConfinementOptions options) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
    options.parent = ::getpid();
    child_ = ::fork();
    if (child_ == 0) Run(options, ready[1]);
    ::close(ready[1]);
    const UniqueFd from_child(ready[0]);
    char byte = 0;
    confined_ = ::read(from_child.get(), &byte, 1) == 1;
  }
  ~Confined() {
    ::kill(child_, SIGKILL);
    int status = 0;
    ::waitpid(child_, &status, 0);
  }
  bool ok() const { return confined_; }
  std::string Field(const std::string& name) const { return FieldOf(child_, name); }

 private:
  [[noreturn]] static void Run(const ConfinementOptions& options, int ready) {
    auto confinement = Confinement::GiveUpRights(options);
    if (confinement.ok() && confinement->Seal().ok()) {
      [[maybe_unused]] const ssize_t size = ::write(ready, "r", 1);
    }
    ::close(ready);
    while (true) ::pause();
  }

  pid_t child_ = -1;
  bool confined_ = false;
};

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_F(ConfinementTest, LeavesNothingOfRoot) {
  const Confined process(ConfinementOptions{.role = SandboxRole::kRelay});
  ASSERT_TRUE(process.ok());
  std::istringstream users(process.Field("Uid"));
  for (uint32_t user = 0; users >> user;) EXPECT_GE(user, 1U);
  for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(process.Field(set), kNone) << set;
  }
  EXPECT_EQ(process.Field("NoNewPrivs"), "1");
  EXPECT_EQ(process.Field("Seccomp"), "2");
  EXPECT_EQ(process.Field("Groups"), " ") << "none";
}

TEST_F(ConfinementTest, RolesDoNotShareAUser) {
  const Confined relay(ConfinementOptions{.role = SandboxRole::kRelay});
  const Confined resolver(ConfinementOptions{.role = SandboxRole::kResolver});
  ASSERT_TRUE(relay.ok() && resolver.ok());
  EXPECT_NE(relay.Field("Uid"), resolver.Field("Uid"));
}

TEST_F(ConfinementTest, MakesNoThreadOnceItIsSealed) {
  const ChildEnd end = InChild([] {
    auto confinement = Confinement::GiveUpRights({.role = SandboxRole::kRelay});
    if (!confinement.ok()) return 1;
    // Before the seal there is no limit.
    {
      const PosixThread thread([] {});
    }
    if (!confinement->Seal().ok()) return 2;
    return ::fork() < 0 ? 0 : 3;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST_F(ConfinementTest, RefusesAParentThatIsGone) {
  const ChildEnd end = InChild([] {
    const pid_t somebody_else = ::getpid();
    const auto confinement =
        Confinement::GiveUpRights({.role = SandboxRole::kRelay, .parent = somebody_else});
    return absl::IsAborted(confinement.status()) ? 0 : 1;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST_F(ConfinementTest, EndsWithItsParent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ChildEnd parent = InChild([&] {
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child > 0) {
      ::close(ends[1]);
      char byte = 0;
      return ::read(ends[0], &byte, 1) == 1 ? 0 : 1;  // and ends
    }
    const bool confined =
        Confinement::GiveUpRights({.role = SandboxRole::kRelay, .parent = self}).ok();
    if (confined && ::write(ends[1], "r", 1) != 1) return 1;
    while (true) ::pause();
  });
  EXPECT_EQ(parent.exit_code, 0);
  ::close(ends[1]);
  const UniqueFd pipe(ends[0]);
  char byte = 0;
  EXPECT_EQ(::read(pipe.get(), &byte, 1), 0) << "the child still has its end of the pipe";
}

// As in a container that withholds CAP_SETUID and CAP_SETGID.
TEST_F(ConfinementTest, SaysWhereTheUserStaysRoot) {
  const ChildEnd end = InChild([] {
    for (const cap_value_t capability : {CAP_SETUID, CAP_SETGID}) {
      if (::cap_drop_bound(capability) != 0) return 1;
    }
    const cap_t capabilities = ::cap_get_proc();
    constexpr std::array<cap_value_t, 2> kWithheld{CAP_SETUID, CAP_SETGID};
    for (const cap_flag_t set : {CAP_EFFECTIVE, CAP_PERMITTED}) {
      ::cap_set_flag(capabilities, set, kWithheld.size(), kWithheld.data(), CAP_CLEAR);
    }
    if (::cap_set_proc(capabilities) != 0) return 2;
    ::cap_free(capabilities);
    auto confinement = Confinement::GiveUpRights({.role = SandboxRole::kRelay});
    if (!confinement.ok() || confinement->missing().other_user.empty()) return 3;
    if (confinement->Warnings().front().find("CAP_SETUID") == std::string::npos) return 4;
    const cap_t left = ::cap_get_proc();
    const cap_t none = ::cap_init();
    if (::cap_compare(left, none) != 0) return 5;
    ::cap_free(left);
    ::cap_free(none);
    return confinement->Seal().ok() && ::getuid() == 0 ? 0 : 6;
  });
  EXPECT_EQ(end.exit_code, 0);
}

}  // namespace
}  // namespace ringwire::platform
