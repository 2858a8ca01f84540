#include "platform/base/make_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ringwire::platform {
namespace {

class MakeFolderTest : public testing::Test {
 protected:
  MakeFolderTest() {
    std::string pattern = testing::TempDir() + "folder.XXXXXX";
    parent_ = ::mkdtemp(pattern.data());
  }
  ~MakeFolderTest() override { std::filesystem::remove_all(parent_); }
  static mode_t ModeOf(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  std::string parent_;
};

// The group `ringwire` reaches the status socket through a folder that root makes from a shell with
// any umask.
TEST_F(MakeFolderTest, TheUmaskDoesNotChangeItsMode) {
  const mode_t before = ::umask(077);
  const absl::Status made = MakeFolder(parent_ + "/run", 0755);
  ::umask(before);
  ASSERT_TRUE(made.ok()) << made;
  EXPECT_EQ(ModeOf(parent_ + "/run"), 0755u);
}

TEST_F(MakeFolderTest, AFolderThatIsThereKeepsItsMode) {
  ASSERT_TRUE(MakeFolder(parent_ + "/run", 0700).ok());
  ASSERT_TRUE(MakeFolder(parent_ + "/run", 0755).ok());
  EXPECT_EQ(ModeOf(parent_ + "/run"), 0700u);
}

TEST_F(MakeFolderTest, AFailureNamesIt) {
  const std::string path = parent_ + "/missing/run";
  const absl::Status made = MakeFolder(path, 0755);
  EXPECT_TRUE(absl::IsNotFound(made));
  EXPECT_NE(made.message().find(path), std::string::npos);
}

}  // namespace
}  // namespace ringwire::platform
