#include "platform/io/offload_proof.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "platform/io/backend_factory.h"
#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/io/refuse_system_call.h"

namespace ringwire::platform {
namespace {

class OffloadProofTest : public NetworkNamespaceTest {
 protected:
  std::string WhyOf(Offload offload) const { return ladder_.Read(offload).why; }

  CapabilityLadder ladder_{OffloadSwitches(), [](const std::string&) {}};
};

TEST_F(OffloadProofTest, ThisKernelHasThemAllAndNoDoubtIsLeft) {
  ProveUdpOffloads(&ladder_);
  EXPECT_TRUE(ProveTunGsoWrite(&ladder_, /*otherwise=*/false));
  const absl::Status status = ProbeIoUring(&ladder_);
  ASSERT_TRUE(status.ok()) << status;
  for (const Offload offload : kOffloads) {
    EXPECT_TRUE(ladder_.IsOn(offload)) << OffloadName(offload);
    EXPECT_EQ(WhyOf(offload), "") << OffloadName(offload);
  }
}

TEST_F(OffloadProofTest, LoopbackThatIsDownIsADoubt) {
  SetLinkUp("lo", false);
  ProveUdpOffloads(&ladder_);
  for (const Offload offload : {Offload::kUdpGso, Offload::kUdpGro}) {
    EXPECT_TRUE(ladder_.IsOn(offload));
    EXPECT_NE(WhyOf(offload).find("a train over loopback"), std::string::npos) << WhyOf(offload);
  }
}

TEST_F(OffloadProofTest, AFirewallThatSwallowsTheTrainIsADoubt) {
  ASSERT_EQ(std::system("nft 'table inet shut { chain into { type filter hook input priority 0; "
                        "policy drop; }; }'"),
            0);
  ProveUdpOffloads(&ladder_);
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(WhyOf(Offload::kUdpGso), "a train over loopback did not arrive");
}

// Exits with 0 if the rung is refused for this reason when the system call fails.
void ProveWithout(uint32_t system_call, int error, Offload offload, const std::string& why) {
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  RefuseSystemCall(system_call, static_cast<uint32_t>(error));
  ProveUdpOffloads(&ladder);
  const bool merges_udp = ProveTunGsoWrite(&ladder, /*otherwise=*/true);
  const CapabilityLadder::Rung rung = ladder.Read(offload);
  const bool others_on = ladder.IsOn(Offload::kUdpGro);
  ::_exit(rung.state == RungState::kRefused && rung.why == why && others_on &&
                  merges_udp == (offload != Offload::kTunGsoWrite)
              ? 0
              : 1);
}

using OffloadProofDeathTest = OffloadProofTest;

TEST_F(OffloadProofDeathTest, AWayOutThatRefusesTrainsIsARefusal) {
  EXPECT_EXIT(ProveWithout(SYS_sendmsg, EIO, Offload::kUdpGso,
                           "send a train over loopback: Input/output error"),
              testing::ExitedWithCode(0), "");
}

TEST_F(OffloadProofDeathTest, ATunDeviceThatRefusesMergedPacketsIsARefusal) {
  EXPECT_EXIT(ProveWithout(SYS_write, EINVAL, Offload::kTunGsoWrite,
                           "write a merged packet to a TUN device: Invalid argument"),
              testing::ExitedWithCode(0), "");
}

TEST_F(OffloadProofTest, MultishotsThatAreOffAreNotTried) {
  CapabilityLadder ladder(*OffloadSwitches::Parse("-multishot-read,-multishot-recvmsg"),
                          [](const std::string&) {});
  const absl::Status status = ProbeIoUring(&ladder);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(ladder.Read(Offload::kMultishotRead).state, RungState::kOff);
}

TEST_F(OffloadProofTest, MergedPacketsThatAreOffAreNotTried) {
  CapabilityLadder ladder(*OffloadSwitches::Parse("-tun-gso-write"), [](const std::string&) {});
  EXPECT_FALSE(ProveTunGsoWrite(&ladder, /*otherwise=*/true));
}

}  // namespace
}  // namespace ringwire::platform
