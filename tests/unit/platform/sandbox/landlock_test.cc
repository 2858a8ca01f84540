#include "platform/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/platform/sandbox/in_child.h"

namespace ringwire::platform {
namespace {

class LandlockTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) < 1) GTEST_SKIP() << "no Landlock";
    std::string pattern = "/tmp/ringwire-landlock.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* const name : {"/kept", "/removable"}) {
      ASSERT_EQ(::mkdir((folder_ + name).c_str(), 0700), 0);
      Touch(folder_ + name + "/file");
    }
  }
  void TearDown() override {
    for (const char* const name : {"/kept", "/removable"}) {
      ::unlink((folder_ + name + "/file").c_str());
      ::rmdir((folder_ + name).c_str());
    }
    ::rmdir(folder_.c_str());
  }
  static void Touch(const std::string& path) {
    ::close(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  static bool IsForbidden(int result) { return result == -1 && errno == EACCES; }

  std::string folder_;
};

TEST_F(LandlockTest, AnOwnFolderStaysInReachAndNoOther) {
  const std::string own = folder_ + "/removable";
  const ChildEnd end = InChild([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!ForbidFiles({}, own).ok()) return 1;
    const int made = ::open((own + "/new").c_str(), O_RDWR | O_CREAT, 0600);
    if (made < 0 || ::write(made, "x", 1) != 1 || ::ftruncate(made, 0) != 0) return 2;
    if (::open((own + "/file").c_str(), O_RDWR | O_TRUNC) < 0) return 3;
    if (::unlink((own + "/new").c_str()) != 0) return 4;
    if (!IsForbidden(::mkdir((own + "/folder").c_str(), 0700))) return 5;
    if (!IsForbidden(::open((folder_ + "/kept/file").c_str(), O_RDONLY))) return 6;
    return IsForbidden(::unlink((folder_ + "/kept/file").c_str())) ? 0 : 7;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST_F(LandlockTest, NothingIsOpenedAnyMore) {
  const std::string file = folder_ + "/kept/file";
  const ChildEnd end = InChild([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const int before = ::open(file.c_str(), O_RDWR);
    if (before < 0 || !ForbidFiles().ok()) return 1;
    if (!IsForbidden(::open(file.c_str(), O_RDONLY))) return 2;
    if (!IsForbidden(::open((folder_ + "/new").c_str(), O_WRONLY | O_CREAT, 0600))) return 3;
    if (!IsForbidden(::unlink(file.c_str()))) return 4;
    if (!IsForbidden(::open("/proc/self/status", O_RDONLY))) return 5;
    return ::write(before, "x", 1) == 1 && ::ftruncate(before, 0) == 0 ? 0 : 6;
  });
  EXPECT_EQ(end.exit_code, 0);
}

TEST_F(LandlockTest, FilesGoOnlyWhereThatWasAsked) {
  const ChildEnd end = InChild([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!ForbidFiles({folder_ + "/removable", folder_ + "/absent"}).ok()) return 1;
    if (!IsForbidden(::unlink((folder_ + "/kept/file").c_str()))) return 2;
    const std::string removable = folder_ + "/removable/file";
    if (!IsForbidden(::open(removable.c_str(), O_RDONLY))) return 3;
    return ::unlink(removable.c_str()) == 0 ? 0 : 4;
  });
  EXPECT_EQ(end.exit_code, 0);
}

}  // namespace
}  // namespace ringwire::platform
