#include "platform/base/read_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class ReadFileTest : public FolderTest {
 protected:
  ReadFileTest() { path_ = folder_ + "/file"; }

  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  std::string path_;
};

TEST_F(ReadFileTest, ReadsAllBytesOfAFile) {
  std::string text(100'000, 'x');
  text[50'000] = '\0';
  Write(text);
  EXPECT_EQ(*ReadFile(path_), text);
  Write("");
  EXPECT_EQ(*ReadFile(path_), "");
}

TEST_F(ReadFileTest, ReadsAFileWhoseSizeTheKernelDoesNotTell) {
  EXPECT_NE(ReadFile("/proc/self/status")->find("Pid:"), std::string::npos);
}

TEST_F(ReadFileTest, AMissingFileIsNotFoundAndNamed) {
  const absl::Status status = ReadFile(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find(path_), absl::string_view::npos) << status;
}

TEST_F(ReadFileTest, AFolderIsAnError) { EXPECT_FALSE(ReadFile(folder_).ok()); }

TEST_F(ReadFileTest, ALongerFileThanTheLimitIsRefused) {
  Write("");
  ASSERT_EQ(::truncate(path_.c_str(), kReadFileBytesMax), 0);
  EXPECT_EQ(ReadFile(path_)->size(), kReadFileBytesMax);
  ASSERT_EQ(::truncate(path_.c_str(), kReadFileBytesMax + 1), 0);
  EXPECT_EQ(ReadFile(path_).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace ringwire::platform
