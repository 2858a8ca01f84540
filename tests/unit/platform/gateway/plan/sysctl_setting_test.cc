#include "platform/gateway/plan/sysctl_setting.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/gateway/host/sysctl_holders.h"
#include "platform/process/program.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

constexpr char kPath[] = "net/ipv4/conf/a.1/rp_filter";

class SysctlSettingTest : public NetworkNamespaceTest {
 protected:
  static void Run(const std::string& command) {
    const ProgramAnswer answer = AskProgram({"/bin/sh", "-c", command}, {}, 1000);
    ASSERT_TRUE(answer.status.ok()) << command << ": " << answer.error;
  }
};

// An interface's name may have the dot that stands between the names of a sysctl.
TEST_F(SysctlSettingTest, WhatIsPrintedSetsWhatIsSet) {
  Run("ip link add a.1 type veth peer name b");
  for (const char* const value : {"1", "2"}) {
    Run(SysctlCommand({kPath, "0", std::nullopt}));
    EXPECT_EQ(ReadSysctl(kPath), "0");
    EXPECT_TRUE(SysctlHolders("/no/such/folder", "a.1").Hold(kPath, value).value_or(false));
    EXPECT_EQ(ReadSysctl(kPath), value);
    Run(SysctlCommand({kPath, "0", std::nullopt}));
    Run(SysctlCommand({kPath, value, std::nullopt}));
    EXPECT_EQ(ReadSysctl(kPath), value);
  }
}

TEST_F(SysctlSettingTest, TheFormWithDotsNamesTheSame) {
  EXPECT_EQ(SysctlDotted("net/ipv4/ip_forward"), "net.ipv4.ip_forward");
  EXPECT_EQ(SysctlDotted(kPath), "net.ipv4.conf.a/1.rp_filter");
  Run("ip link add a.1 type veth peer name b");
  Run("sysctl -w " + SysctlDotted(kPath) + "=2");
  EXPECT_EQ(ReadSysctl(kPath), "2");
}

}  // namespace
}  // namespace ringwire::platform
