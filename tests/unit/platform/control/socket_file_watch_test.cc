#include "platform/control/socket_file_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>

namespace ringwire::platform {
namespace {

class SocketFileWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    held_ = UniqueFd(::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    absl::StatusOr<SocketFileWatch> watch = SocketFileWatch::Open(path_);
    ASSERT_TRUE(watch.ok()) << watch.status();
    watch_.emplace(*std::move(watch));
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  bool HasNews() {
    pollfd wait{watch_->fd(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }

  const std::string path_ = testing::TempDir() + "socket_file_watch_test";
  UniqueFd held_;  // as the open socket keeps the inode of its file
  std::optional<SocketFileWatch> watch_;
};

TEST_F(SocketFileWatchTest, ADeletedFileIsNewsButNoMove) {
  EXPECT_FALSE(HasNews());
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  ASSERT_TRUE(HasNews());
  EXPECT_FALSE(watch_->ReadMoved());
  EXPECT_FALSE(HasNews());
}

TEST_F(SocketFileWatchTest, ARenamedFileHasMoved) {
  const std::string other = path_ + ".moved";
  ASSERT_EQ(std::rename(path_.c_str(), other.c_str()), 0);
  ASSERT_TRUE(HasNews());
  EXPECT_TRUE(watch_->ReadMoved());
  ::unlink(other.c_str());
}

TEST_F(SocketFileWatchTest, AnotherModeIsNoMove) {
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  ASSERT_TRUE(HasNews());
  EXPECT_FALSE(watch_->ReadMoved());
}

TEST(SocketFileWatchOpenTest, AMissingFileIsNoError) {
  EXPECT_TRUE(SocketFileWatch::Open(testing::TempDir() + "socket_file_watch_none").ok());
}

}  // namespace
}  // namespace ringwire::platform
