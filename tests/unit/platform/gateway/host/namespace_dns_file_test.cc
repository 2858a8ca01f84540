#include "platform/gateway/host/namespace_dns_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

class NamespaceDnsFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/ringwire-dns-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    root_ = folder;
    paths_.emplace("vpn", root_.string() + "/netns");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  void MakeFolder() { std::filesystem::create_directories(paths_->folder); }

  static std::string TextOf(const std::string& interface, const char* server) {
    return NamespaceDnsText(interface,
                            {{NameServer{*IpAddress::Parse(server)}}, {"~corp.example"}});
  }
  absl::StatusOr<bool> Set(const std::string& interface, const char* server) {
    return WriteNamespaceDns(*paths_, interface, {"vpn", TextOf(interface, server), false});
  }
  absl::Status Revert(const std::string& interface, uint32_t folders_made = 0) {
    return RevertNamespaceDnsFile(*paths_, interface, {"vpn", false, folders_made});
  }

  std::filesystem::path root_;
  std::optional<NamespaceDnsPaths> paths_;
};

TEST_F(NamespaceDnsFileTest, IsMadeWithItsFoldersForEverybodyToReadAndGoesWithThem) {
  const NamespaceDnsFacts facts = ReadNamespaceDnsFacts(*paths_, "wg0");
  EXPECT_FALSE(facts.has_file);
  EXPECT_EQ(facts.folders_missing, 2u);
  const mode_t before = ::umask(077);
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  ::umask(before);
  EXPECT_EQ(Read(paths_->file), TextOf("wg0", "10.0.0.1"));
  for (const std::string& path : {paths_->file, paths_->folder, root_.string() + "/netns"}) {
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_mode & 0044u, 0044u) << path;
  }
  EXPECT_TRUE(Revert("wg0", facts.folders_missing).ok());
  EXPECT_TRUE(std::filesystem::is_empty(root_));
  EXPECT_TRUE(Revert("wg0", facts.folders_missing).ok()) << "twice is harmless";
}

TEST_F(NamespaceDnsFileTest, WhatWasThereIsPutAsideOnceAndComesBack) {
  MakeFolder();
  Write(paths_->file, "nameserver 9.9.9.9\n");
  EXPECT_TRUE(ReadNamespaceDnsFacts(*paths_, "wg0").has_file);
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  EXPECT_FALSE(ReadNamespaceDnsFacts(*paths_, "wg0").has_file) << "that is our own";
  EXPECT_TRUE(*Set("wg0", "10.0.0.2")) << "as by a reload, or after a reboot without down";
  EXPECT_EQ(Read(paths_->file), TextOf("wg0", "10.0.0.2"));
  EXPECT_TRUE(Revert("wg0").ok());
  EXPECT_EQ(Read(paths_->file), "nameserver 9.9.9.9\n");
  EXPECT_FALSE(std::filesystem::exists(paths_->put_aside));
}

TEST_F(NamespaceDnsFileTest, AChangeReachesWhoeverHasTheFileOpenAlready) {
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  std::ifstream seen(paths_->file);
  EXPECT_TRUE(*Set("wg0", "10.0.0.2"));
  const std::string text{std::istreambuf_iterator<char>(seen), {}};
  EXPECT_EQ(text, TextOf("wg0", "10.0.0.2"));
}

TEST_F(NamespaceDnsFileTest, AnEndBetweenPuttingAsideAndWritingIsMended) {
  MakeFolder();
  Write(paths_->put_aside, "nameserver 9.9.9.9\n");
  EXPECT_TRUE(Revert("wg0").ok());
  EXPECT_EQ(Read(paths_->file), "nameserver 9.9.9.9\n");
}

TEST_F(NamespaceDnsFileTest, WhatSomebodyElseHasWrittenSinceStays) {
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  Write(paths_->file, "nameserver 8.8.8.8\n");
  EXPECT_TRUE(Revert("wg0", 2).ok());
  EXPECT_EQ(Read(paths_->file), "nameserver 8.8.8.8\n");
}

TEST_F(NamespaceDnsFileTest, OfTwoTunnelsInOneNamespaceTheFirstCounts) {
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  const absl::StatusOr<bool> second = Set("wg1", "10.0.0.2");
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(*second) << "so that nothing of it is undone";
  EXPECT_EQ(Read(paths_->file), TextOf("wg0", "10.0.0.1"));
  EXPECT_TRUE(Revert("wg1").ok());
  EXPECT_EQ(Read(paths_->file), TextOf("wg0", "10.0.0.1"));
}

TEST_F(NamespaceDnsFileTest, ALinkIsPutAsideAndNotFollowed) {
  MakeFolder();
  Write(root_.string() + "/other", "nameserver 9.9.9.9\n");
  std::filesystem::create_symlink(root_ / "other", paths_->file);
  EXPECT_TRUE(*Set("wg0", "10.0.0.1"));
  EXPECT_EQ(Read(root_.string() + "/other"), "nameserver 9.9.9.9\n");
  EXPECT_TRUE(Revert("wg0").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(paths_->file));
}

}  // namespace
}  // namespace ringwire::platform
