#include "platform/supervisor/control_connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "platform/base/unique_fd.h"
#include "platform/control/sockets/unix_listener.h"
#include "tests/unit/platform/sandbox/in_child.h"

namespace ringwire::platform {
namespace {

constexpr pid_t kNobody = -1;

class ControlConnectionTest : public testing::Test {
 protected:
  ControlConnectionTest() {
    std::string pattern = testing::TempDir() + "asker.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    ::chmod(directory_.c_str(), 0755);
    path_ = directory_ + "/wg0.sock";
  }
  ~ControlConnectionTest() override { ::rmdir(directory_.c_str()); }

  UniqueFd Connect() const {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int result =
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return result == 0 ? std::move(socket) : UniqueFd();
  }
  static UniqueFd Accept(const UnixListener& listener) {
    return UniqueFd(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  std::string directory_;
  std::string path_;
};

TEST_F(ControlConnectionTest, IsRootsWhileItIsOpen) {
  const auto listener = UnixListener::Listen({directory_, 0755, "wg0.sock", 0600, std::nullopt});
  ASSERT_TRUE(listener.ok()) << listener.status();
  UniqueFd client = Connect();
  const UniqueFd connection = Accept(*listener);
  ASSERT_TRUE(client.valid() && connection.valid());
  EXPECT_TRUE(IsConnectionOfRoot(connection.get(), path_, kNobody));
  EXPECT_FALSE(IsConnectionOfRoot(connection.get(), path_, ::getpid())) << "the relay itself";
  EXPECT_FALSE(IsConnectionOfRoot(connection.get(), directory_ + "/wg1.sock", kNobody));
  EXPECT_FALSE(IsConnectionOfRoot(client.get(), path_, kNobody)) << "the other end of it";
  client.Reset();
  EXPECT_FALSE(IsConnectionOfRoot(connection.get(), path_, kNobody)) << "of before";
}

TEST_F(ControlConnectionTest, IsNotThatOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto listener = UnixListener::Listen({directory_, 0755, "wg0.sock", 0666, std::nullopt});
  ASSERT_TRUE(listener.ok()) << listener.status();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[1]);
    char byte = 0;
    const bool is_other = ::setuid(65534) == 0;
    const UniqueFd client = Connect();
    const bool connected = is_other && client.valid();
    [[maybe_unused]] const ssize_t size = ::read(pipe[0], &byte, 1);  // until the test has looked
    ::_exit(connected ? 0 : 1);
  }
  ::close(pipe[0]);
  const UniqueFd connection = Accept(*listener);
  EXPECT_FALSE(IsConnectionOfRoot(connection.get(), path_, kNobody));
  ::close(pipe[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ControlConnectionTest, IsNothingElse) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd other(pair[1]);
  EXPECT_FALSE(IsConnectionOfRoot(one.get(), path_, kNobody));
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(IsConnectionOfRoot(file.get(), path_, kNobody));
  EXPECT_FALSE(IsConnectionOfRoot(-1, path_, kNobody));
}

}  // namespace
}  // namespace ringwire::platform
