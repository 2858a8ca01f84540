#include "platform/gateway/host/sysctl_holders.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

constexpr char kForward[] = "net/ipv4/ip_forward";  // "0" in a new namespace

// A state folder with the journals of two interfaces, and sysctls of its own.
class SysctlHoldersTest : public NetworkNamespaceTest {
 protected:
  void SetUp() override {
    NetworkNamespaceTest::SetUp();
    if (IsSkipped()) return;
    std::string folder = testing::TempDir() + "sysctls.XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    for (const char* const name : {"a", "b"}) std::ofstream(folder_ + "/" + name + ".journal");
    // A namespace may take its values from the first one.
    ASSERT_TRUE(SysctlHolders("/nowhere", "x").Release(kForward, "0", std::nullopt).ok());
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void Hold(const std::string& holder) {
    const absl::StatusOr<bool> held = SysctlHolders(folder_, holder).Hold(kForward, "1");
    ASSERT_TRUE(held.ok()) << held.status();
    EXPECT_TRUE(*held);
  }
  void Release(const std::string& holder) {
    const absl::Status status = SysctlHolders(folder_, holder).Release(kForward, "0", "1");
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string BeforeOf(const std::string& path) {
    const auto before = SysctlHolders::Before(folder_);
    EXPECT_TRUE(before.ok()) << before.status();
    const auto found = before->find(path);
    return found == before->end() ? "not held" : found->second;
  }
  bool file_exists() const { return ::access((folder_ + "/sysctls").c_str(), F_OK) == 0; }

  std::string folder_;
};

// Taken for a setting that is not there, it would be neither set nor restored.
TEST(FindSysctlTest, AProcessWithoutFreeDescriptorsDoesNotTakeASettingForMissing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto value = FindSysctl("net/ipv4/ip_forward");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(value.status())) << value.status();
  const auto missing = FindSysctl("net/ipv4/no_such_setting");
  ASSERT_TRUE(missing.ok()) << missing.status();
  EXPECT_EQ(*missing, std::nullopt);
}

TEST_F(SysctlHoldersTest, TheLastOneThatGoesPutsItBack) {
  for (const std::string& first : {"a", "b"}) {
    Hold("a");
    EXPECT_EQ(ReadSysctl(kForward), "1");
    Hold("b");
    EXPECT_EQ(BeforeOf(kForward), "0");
    Release(first);
    EXPECT_EQ(ReadSysctl(kForward), "1");
    Release(first);  // again, as after a crash in between
    EXPECT_EQ(ReadSysctl(kForward), "1");
    EXPECT_EQ(BeforeOf(kForward), "0");
    Release(first == "a" ? "b" : "a");
    EXPECT_EQ(ReadSysctl(kForward), "0");
    EXPECT_EQ(BeforeOf(kForward), "not held");
    EXPECT_FALSE(file_exists());
  }
}

TEST_F(SysctlHoldersTest, HoldingTwiceIsHoldingOnce) {
  Hold("a");
  Hold("a");
  Release("a");
  EXPECT_EQ(ReadSysctl(kForward), "0");
}

TEST_F(SysctlHoldersTest, WhoseJournalIsGoneHoldsNothing) {
  Hold("a");
  Hold("b");
  std::filesystem::remove(folder_ + "/a.journal");
  Release("b");
  EXPECT_EQ(ReadSysctl(kForward), "0");
}

TEST_F(SysctlHoldersTest, AValueThatSomebodyElseHasSetStays) {
  SysctlHolders holder(folder_, "a");
  constexpr char kTtl[] = "net/ipv4/ip_default_ttl";
  ASSERT_TRUE(holder.Hold(kTtl, "70").ok());
  ASSERT_TRUE(SysctlHolders("/nowhere", "x").Hold(kTtl, "80").ok());
  ASSERT_TRUE(holder.Release(kTtl, "64", "70").ok());
  EXPECT_EQ(ReadSysctl(kTtl), "80");
  EXPECT_EQ(BeforeOf(kTtl), "not held");
}

TEST_F(SysctlHoldersTest, AnotherNetworkNamespaceHasItsOwn) {
  Hold("a");
  {
    const NetworkNamespace other;
    EXPECT_EQ(BeforeOf(kForward), "not held");
    ASSERT_TRUE(SysctlHolders(folder_, "b").Release(kForward, "0", std::nullopt).ok());
    Hold("b");
    EXPECT_EQ(BeforeOf(kForward), "0");
  }
  Release("a");
  EXPECT_EQ(ReadSysctl(kForward), "0") << "not held by b, whose is another one";
}

TEST_F(SysctlHoldersTest, WhatIsNotThereIsNoError) {
  const absl::StatusOr<bool> held =
      SysctlHolders(folder_, "a").Hold("net/ipv6/conf/gone0/mtu", "1");
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_FALSE(*held);
  EXPECT_TRUE(SysctlHolders(folder_, "a").Release("net/ipv6/conf/gone0/mtu", "1", "2").ok());
  EXPECT_FALSE(file_exists());
}

TEST_F(SysctlHoldersTest, AValueThatTheKernelRefusesIsTheErrorWithThePath) {
  const absl::StatusOr<bool> held = SysctlHolders(folder_, "a").Hold(kForward, "many");
  ASSERT_FALSE(held.ok());
  EXPECT_EQ(held.status().message().find("set net/ipv4/ip_forward to many: "), 0u) << held.status();
}

TEST_F(SysctlHoldersTest, AFileOfSomebodyElseIsRefusedAndNothingChanges) {
  for (const char* const text :
       {"7", "{", "[]", R"({"held":[]})", R"({"ringwire_sysctls":1})",
        R"({"ringwire_sysctls":1,"held":7})", R"({"ringwire_sysctls":1,"held":[7]})",
        R"({"ringwire_sysctls":1,"held":[{"network":1,"path":"a","before":"b"}]})",
        R"({"ringwire_sysctls":1,"held":[{"network":1,"path":"a","before":"b","by":[7]}]})",
        R"({"ringwire_sysctls":1,"held":[{"network":-1,"path":"a","before":"b","by":[]}]})"}) {
    std::ofstream(folder_ + "/sysctls") << text;
    EXPECT_TRUE(absl::IsInvalidArgument(SysctlHolders(folder_, "a").Hold(kForward, "1").status()))
        << text;
    EXPECT_TRUE(absl::IsInvalidArgument(SysctlHolders(folder_, "a").Release(kForward, "5", "0")))
        << text;
    EXPECT_TRUE(absl::IsInvalidArgument(SysctlHolders::Before(folder_).status())) << text;
    EXPECT_EQ(ReadSysctl(kForward), "0") << text;
  }
}

TEST_F(SysctlHoldersTest, AFileOfANewerFormatIsRefusedAndNothingChanges) {
  std::ofstream(folder_ + "/sysctls") << R"({"ringwire_sysctls":2,"held":[]})";
  const absl::Status status = SysctlHolders(folder_, "a").Hold(kForward, "1").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("a newer ringwire wrote it (format 2"), std::string::npos)
      << status;
  EXPECT_EQ(ReadSysctl(kForward), "0");
}

TEST_F(SysctlHoldersTest, WithoutAFolderEachIsOnItsOwn) {
  SysctlHolders holder("/proc/nowhere", "a");
  ASSERT_TRUE(holder.Hold(kForward, "1").ok());
  EXPECT_EQ(ReadSysctl(kForward), "1");
  ASSERT_TRUE(holder.Release(kForward, "0", "1").ok());
  EXPECT_EQ(ReadSysctl(kForward), "0");
}

// In a mount namespace of a process of its own, whose /proc/sys is read-only as in a container; the
// message is printed.
[[noreturn]] void CheckWithReadOnlySettings() {
  constexpr char kSettings[] = "/proc/sys";
  const bool ready =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
      ::mount(kSettings, kSettings, nullptr, MS_BIND, nullptr) == 0 &&
      ::mount(nullptr, kSettings, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  if (!ready) ::_exit(3);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {kForward, "1"},
      {"net/no/such", "1"},
      {"net/ipv4/conf/all/src_valid_mark", "1"},
      {"net/ipv4/conf/all/accept_local", "0"},  // is so already
      {"net/ipv4/conf/wg0/accept_local", "0"},  // will be
      {"net/ipv4/conf/wg0/forwarding", "1"}};
  const absl::Status status = CheckSysctlsWritable(wanted, "wg0");
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  ::_exit(CheckSysctlsWritable({}, "wg0").ok() ? 0 : 4);
}

TEST_F(SysctlHoldersTest, ReadOnlySettingsAreNamedAllAtOnceWithTheOptionsThatSetThem) {
  EXPECT_EXIT(CheckWithReadOnlySettings(), testing::ExitedWithCode(0),
              "/proc/sys is read-only; start the container with --sysctl net.ipv4.ip_forward=1 "
              "--sysctl net.ipv4.conf.all.src_valid_mark=1 "
              "--sysctl net.ipv4.conf.default.forwarding=1\n");
  const std::vector<std::pair<std::string, std::string>> wanted = {{kForward, "1"}};
  EXPECT_TRUE(CheckSysctlsWritable(wanted, "wg0").ok());
}

}  // namespace
}  // namespace ringwire::platform
