#include "platform/control/sockets/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "platform/base/wait_child.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

constexpr mode_t kForGroup = 0660;

class UnixListenerTest : public FolderTest {
 protected:
  UnixListenerTest() { ::chmod(folder_.c_str(), 0777); }

  // The mode of the file that a listener for `group` gets; 0: it has none.
  mode_t ModeFor(gid_t group) const {
    const absl::StatusOr<UnixListener> listener = UnixListener::Listen({.directory = folder_,
                                                                        .directory_mode = 0777,
                                                                        .file_name = "a.sock",
                                                                        .file_mode = kForGroup,
                                                                        .group = group});
    struct stat status{};
    const std::string path = folder_ + "/a.sock";
    if (!listener.ok() || ::stat(path.c_str(), &status) != 0) return 0;
    return status.st_mode & 07777;
  }
};

TEST_F(UnixListenerTest, TheGroupMayUseIt) { EXPECT_EQ(ModeFor(::getgid()), kForGroup); }

// In a process that may not give files away.
TEST_F(UnixListenerTest, WithoutTheRightToGiveItAwayItServesItsOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  constexpr uid_t kNobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_other = ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
    ::_exit(is_other && ModeFor(0) == 0600 ? 0 : 1);
  }
  EXPECT_EQ(WaitForChild(child, absl::Minutes(1)), 0);
}

}  // namespace
}  // namespace ringwire::platform
