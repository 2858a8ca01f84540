#include "platform/config/hook_writers.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <initializer_list>
#include <string>

#include "platform/config/config_source.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class HookWritersTest : public FolderTest {
 protected:
  void SetUp() override { Write("[Interface]\nPostUp = true\n"); }

  void Write(const std::string& text) {
    std::ofstream(path()) << text;
    Allow(path(), 0600);
  }
  static void Allow(const std::string& path, mode_t mode) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  std::string path() const { return folder_ + "/wg7.conf"; }
  // The error that loading it to run it gives, or none.
  std::string Error(const std::string& file) const {
    const ConfigSource source = LoadConfigToRun(file, KeyFiles::kIgnore);
    return source.errors.empty() ? "" : source.errors.front();
  }
};

TEST_F(HookWritersTest, AFileThatOthersCanWriteIsRefused) {
  EXPECT_EQ(Error(path()), "");
  for (const mode_t mode : std::initializer_list<mode_t>{0620, 0602, 0664, 0666}) {
    Allow(path(), mode);
    EXPECT_TRUE(Error(path()).starts_with("cannot run the hooks of " + path())) << mode;
    EXPECT_NE(Error(path()).find("chmod go-w " + path()), std::string::npos);
  }
  Allow(path(), 0644);
  EXPECT_EQ(Error(path()), "") << "they may read it";
}

TEST_F(HookWritersTest, AFolderInWhichOthersCanReplaceItIsRefused) {
  for (const mode_t mode : std::initializer_list<mode_t>{0720, 0702, 0777}) {
    Allow(folder_, mode);
    EXPECT_NE(Error(path()).find("chmod go-w " + folder_), std::string::npos) << mode;
  }
  Allow(folder_, 01777);
  EXPECT_EQ(Error(path()), "") << "nobody replaces another's file there";
}

TEST_F(HookWritersTest, BothEndsOfALinkCount) {
  const std::string links = folder_ + "/links";
  ASSERT_EQ(::mkdir(links.c_str(), 0755), 0);
  ASSERT_EQ(::symlink("../wg7.conf", (links + "/wg8.conf").c_str()), 0);
  EXPECT_EQ(Error(links + "/wg8.conf"), "");
  Allow(links, 0777);
  EXPECT_NE(Error(links + "/wg8.conf").find("chmod go-w " + links), std::string::npos);
  Allow(links, 0755);
  Allow(folder_, 0777);
  EXPECT_NE(Error(links + "/wg8.conf").find("chmod go-w " + folder_), std::string::npos);
}

TEST_F(HookWritersTest, WithoutHooksNothingOfItRuns) {
  Write("[Interface]\nListenPort = 1\n");
  Allow(path(), 0666);
  EXPECT_EQ(Error(path()), "");
}

TEST_F(HookWritersTest, WhatOnlyReadsTheFileTakesIt) {
  Allow(path(), 0666);
  EXPECT_TRUE(LoadConfig(path(), KeyFiles::kIgnore).errors.empty());
}

}  // namespace
}  // namespace ringwire::platform
