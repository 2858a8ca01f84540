#include "platform/config/secret_file.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class SecretFileTest : public FolderTest {
 protected:
  SecretFileTest() { path_ = folder_ + "/wg0.conf"; }

  static void Write(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  static std::string Text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::string path_;
};

TEST_F(SecretFileTest, TheNewFileIsReadableByItsOwnerAtMost) {
  for (const auto& [before, after] :
       {std::pair<mode_t, mode_t>{0600, 0600}, {0644, 0600}, {0640, 0600}, {0400, 0400}}) {
    Write(path_, "old", before);
    ASSERT_TRUE(ReplaceSecretFile(path_, "new").ok());
    EXPECT_EQ(Text(path_), "new");
    EXPECT_EQ(ModeOf(path_), after);
    EXPECT_EQ(FilesInFolder(), 1U);
    std::filesystem::remove(path_);
  }
}

TEST_F(SecretFileTest, MakesAFileThatOnlyItsOwnerReads) {
  const mode_t umask_before = ::umask(0);
  ASSERT_TRUE(MakeSecretFile(path_, "new").ok());
  ::umask(umask_before);
  EXPECT_EQ(Text(path_), "new");
  EXPECT_EQ(ModeOf(path_), 0600U);
}

TEST_F(SecretFileTest, MakesNoFileWhereOneIs) {
  Write(path_, "old", 0640);
  EXPECT_TRUE(absl::IsAlreadyExists(MakeSecretFile(path_, "new")));
  EXPECT_EQ(Text(path_), "old");
  const std::string link = folder_ + "/link";
  ASSERT_EQ(::symlink((folder_ + "/nowhere").c_str(), link.c_str()), 0);
  EXPECT_TRUE(absl::IsAlreadyExists(MakeSecretFile(link, "new")));
  EXPECT_EQ(FilesInFolder(), 2U);
}

TEST_F(SecretFileTest, TheOwnerStays) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  Write(path_, "old", 0600);
  ASSERT_EQ(::chown(path_.c_str(), 12345, 54321), 0);
  ASSERT_TRUE(ReplaceSecretFile(path_, "new").ok());
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 54321U);
}

TEST_F(SecretFileTest, WhatACrashOrAnAttackerLeftAtTheTemporaryNameIsNotWrittenTo) {
  Write(path_, "old", 0600);
  const std::string other = folder_ + "/other";
  Write(other, "other", 0666);
  std::filesystem::create_symlink(other, path_ + ".new");
  ASSERT_TRUE(ReplaceSecretFile(path_, "new").ok());
  EXPECT_EQ(Text(other), "other");
  Write(path_ + ".new", "a longer one than the new one", 0666);
  ASSERT_TRUE(ReplaceSecretFile(path_, "newer").ok());
  EXPECT_EQ(Text(path_), "newer");
  EXPECT_EQ(ModeOf(path_), 0600U);
}

TEST_F(SecretFileTest, AFailureLeavesTheOldFile) {
  EXPECT_TRUE(absl::IsNotFound(ReplaceSecretFile(path_, "new")));
  EXPECT_EQ(FilesInFolder(), 0U);
  Write(path_, "old", 0600);
  std::filesystem::create_directories(path_ + ".new/not-empty");
  const absl::Status status = ReplaceSecretFile(path_, "new");
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("write " + path_ + ".new"), absl::string_view::npos) << status;
  EXPECT_EQ(Text(path_), "old");
}

// In a mount namespace of a process of its own; the message is printed.
[[noreturn]] void ReplaceMounted(const std::string& source, const std::string& path,
                                 bool folder_is_read_only) {
  const std::string folder = path.substr(0, path.rfind('/'));
  bool ready = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (ready && folder_is_read_only) {
    ready =
        ::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        ::mount(nullptr, folder.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  ready = ready && ::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0;
  if (!ready) ::_exit(3);
  const absl::Status status = ReplaceSecretFile(path, "new");
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  ::_exit(status.ok() ? 0 : 1);
}

TEST_F(SecretFileTest, AFileThatIsAMountOfItsOwnIsOverwritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  Write(path_, "", 0600);
  const std::string source = folder_ + "/source";
  Write(source, "a longer one than the new one", 0644);
  EXPECT_EXIT(ReplaceMounted(source, path_, false), testing::ExitedWithCode(0), "OK");
  EXPECT_EQ(Text(source), "new");
  EXPECT_EQ(ModeOf(source), 0600U);
  EXPECT_EQ(FilesInFolder(), 2U) << "no copy is left";
}

TEST_F(SecretFileTest, AMountWithoutRoomForACopyIsLeftAloneAndNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  Write(path_, "", 0600);
  std::string pattern = testing::TempDir() + "source.XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  Write(folder + "/source", "old", 0600);
  EXPECT_EXIT(ReplaceMounted(folder + "/source", path_, true), testing::ExitedWithCode(1),
              "is a mount of its own.*mount its folder in its place");
  EXPECT_EQ(Text(folder + "/source"), "old");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ringwire::platform
