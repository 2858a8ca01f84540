#include "platform/base/replace_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class ReplaceFileTest : public FolderTest {
 protected:
  ReplaceFileTest() { path_ = folder_ + "/file"; }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static struct stat StatusOf(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status;
  }
  bool HasNew() const { return std::filesystem::exists(path_ + ".new"); }

  std::string path_;
};

TEST_F(ReplaceFileTest, MakesAFileForItsOwnerAndLeavesNothingElse) {
  const std::string text(1 << 20, 'x');
  ASSERT_TRUE(ReplaceFile(path_, text).ok());
  EXPECT_EQ(Read(path_), text);
  EXPECT_EQ(StatusOf(path_).st_mode & 07777, 0600U);
  EXPECT_FALSE(HasNew());
}

TEST_F(ReplaceFileTest, AReaderKeepsTheOldFileThatItHasOpen) {
  Write(path_, "old");
  std::ifstream reader(path_);
  ASSERT_TRUE(ReplaceFile(path_, "new").ok());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old");
  EXPECT_EQ(Read(path_), "new");
}

TEST_F(ReplaceFileTest, ModeDoesNotDependOnTheUmask) {
  const mode_t before = ::umask(0777);
  const absl::Status status = ReplaceFile(path_, "new", {.mode = 0644});
  ::umask(before);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(StatusOf(path_).st_mode & 07777, 0644U);
}

TEST_F(ReplaceFileTest, OwnerIsAsWanted) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  ASSERT_TRUE(ReplaceFile(path_, "new", {.owner = NewFile::Owner{12345, 54321}}).ok());
  EXPECT_EQ(StatusOf(path_).st_uid, 12345U);
  EXPECT_EQ(StatusOf(path_).st_gid, 54321U);
}

TEST_F(ReplaceFileTest, FollowsNoLink) {
  const std::string other = folder_ + "/other";
  Write(other, "other");
  std::filesystem::create_symlink(other, path_);
  std::filesystem::create_symlink(other, path_ + ".new");
  ASSERT_TRUE(ReplaceFile(path_, "new").ok());
  EXPECT_EQ(Read(other), "other");
  EXPECT_TRUE(S_ISREG(StatusOf(path_).st_mode));
  EXPECT_EQ(Read(path_), "new");
}

TEST_F(ReplaceFileTest, AFailureToWriteLeavesTheOldFile) {
  Write(path_, "old");
  std::filesystem::create_directories(path_ + ".new/not-empty");
  const absl::Status status = ReplaceFile(path_, "new");
  EXPECT_NE(status.message().find("write " + path_ + ".new"), absl::string_view::npos) << status;
  EXPECT_EQ(Read(path_), "old");
}

TEST_F(ReplaceFileTest, AFailureToRenameLeavesNoNewFile) {
  std::filesystem::create_directory(path_);
  const absl::Status status = ReplaceFile(path_, "new");
  EXPECT_NE(status.message().find("replace " + path_), absl::string_view::npos) << status;
  EXPECT_FALSE(HasNew());
}

TEST_F(ReplaceFileTest, AFolderThatIsMissingIsAnError) {
  EXPECT_EQ(ReplaceFile(folder_ + "/none/file", "new").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace ringwire::platform
