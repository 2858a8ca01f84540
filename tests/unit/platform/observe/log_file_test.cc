#include "platform/observe/log_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class LogFileTest : public FolderTest {
 protected:
  LogFile Open() {
    absl::StatusOr<LogFile> file = LogFile::Open(folder_, "wg0");
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }
  std::string Log() const { return ReadLog(folder_, "wg0").value_or("none"); }
  size_t SizeOf(const std::string& name) const {
    return std::filesystem::file_size(folder_ + "/" + name);
  }
};

TEST_F(LogFileTest, GoesOnWhereThePredecessorEnded) {
  Open().Append("one\n");
  Open().Append("two\n");
  EXPECT_EQ(Log(), "one\ntwo\n");
}

TEST_F(LogFileTest, HasAModeThatOthersCannotRead) {
  const mode_t before = ::umask(0);
  Open();
  ::umask(before);
  for (const char* const name : {"/wg0.log", "/wg0.log.1"}) {
    struct stat about{};
    ASSERT_EQ(::stat((folder_ + name).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0640U);
  }
}

TEST_F(LogFileTest, KeepsTheNewestLinesInTwoBoundedFiles) {
  LogFile file = Open();
  constexpr int kLines = 40000;  // of 100 bytes: almost four files
  for (int i = 0; i < kLines; ++i) file.Append(fmt::format("{:0>99}\n", i));
  EXPECT_LE(SizeOf("wg0.log"), LogFile::kBytesMax);
  EXPECT_LE(SizeOf("wg0.log.1"), LogFile::kBytesMax);
  const std::string log = Log();
  ASSERT_GT(log.size(), LogFile::kBytesMax);
  const int first = kLines - static_cast<int>(log.size() / 100);
  for (int i = first; i < kLines; ++i) {
    ASSERT_EQ(log.substr(static_cast<size_t>(i - first) * 100, 100), fmt::format("{:0>99}\n", i));
  }
}

TEST_F(LogFileTest, FollowsNoLink) {
  const std::string victim = folder_ + "/victim";
  std::ofstream(victim) << "mine";
  std::filesystem::create_symlink(victim, folder_ + "/wg0.log");
  EXPECT_FALSE(LogFile::Open(folder_, "wg0").ok());
  EXPECT_EQ(std::filesystem::file_size(victim), 4U);
}

TEST_F(LogFileTest, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((folder_ + "/wg0.log").c_str(), 0600), 0);
  EXPECT_FALSE(LogFile::Open(folder_, "wg0").ok());
}

TEST_F(LogFileTest, SaysThatThereIsNone) {
  EXPECT_TRUE(absl::IsNotFound(ReadLog(folder_, "wg1").status()));
}

}  // namespace
}  // namespace ringwire::platform
