#include "platform/io/offload/offload_proof.h"

#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "platform/io/backend_factory.h"
#include "platform/io/offload/superpacket_proof.h"
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
  EXPECT_TRUE(ProveTunOffloads(&ladder_, /*otherwise=*/false));
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
    EXPECT_NE(WhyOf(offload).find("not proved: "), std::string::npos) << WhyOf(offload);
    EXPECT_NE(WhyOf(offload).find("a train over loopback"), std::string::npos) << WhyOf(offload);
  }
}

TEST_F(OffloadProofTest, AFirewallThatSwallowsTheTrainIsADoubt) {
  ASSERT_EQ(std::system("nft 'table inet shut { chain into { type filter hook input priority 0; "
                        "policy drop; }; }'"),
            0);
  ProveUdpOffloads(&ladder_);
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(WhyOf(Offload::kUdpGso), "not proved: a train over loopback did not arrive");
}

TEST_F(OffloadProofTest, AFirewallThatLetsNothingOutStopsNoProofOfSuperpackets) {
  ASSERT_EQ(std::system("nft 'table inet shut { chain out { type filter hook output priority 0; "
                        "policy drop; }; }'"),
            0);
  EXPECT_TRUE(ProveTunOffloads(&ladder_, /*otherwise=*/false));
  for (const Offload offload : {Offload::kTso, Offload::kUso, Offload::kTunGsoWrite}) {
    EXPECT_TRUE(ladder_.IsOn(offload)) << OffloadName(offload);
    EXPECT_EQ(WhyOf(offload), "") << OffloadName(offload);
  }
}

TEST_F(OffloadProofTest, ATrainThatArrivesChangedIsARefusal) {
  ASSERT_EQ(std::system("nft 'table inet garble { chain into { type filter hook input priority 0; "
                        "meta l4proto udp @th,800,8 set 0; }; }'"),
            0);
  ProveUdpOffloads(&ladder_);
  for (const Offload offload : {Offload::kUdpGso, Offload::kUdpGro}) {
    EXPECT_EQ(ladder_.Read(offload).state, RungState::kRefused) << OffloadName(offload);
    EXPECT_EQ(WhyOf(offload), "a train over loopback arrived changed");
  }
}

TEST_F(OffloadProofTest, ATrainThatArrivesInPiecesDoesNotProveThatItIsReceivedAsOne) {
  // Loopback cuts what is too long for it, and puts nothing together again.
  SetFeature("lo", "tx-udp-segmentation", false);
  ProveUdpOffloads(&ladder_);
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(WhyOf(Offload::kUdpGso), "");
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGro));
  EXPECT_EQ(WhyOf(Offload::kUdpGro), "not proved: a train over loopback arrived in pieces");
}

TEST_F(OffloadProofTest, QueuesThatAreAddedLeaveTheDeviceItsSuperpackets) {
  const absl::StatusOr<TunDevice> device = CreateTunDevice({"rwiotun", 4, true, true});
  ASSERT_TRUE(device.ok()) << device.status();
  SetLinkUp("rwiotun", true);
  ProveSuperpacketReads(*device, &ladder_);
  for (const Offload offload : {Offload::kTso, Offload::kUso}) {
    EXPECT_TRUE(ladder_.IsOn(offload)) << OffloadName(offload);
    EXPECT_EQ(WhyOf(offload), "") << OffloadName(offload);
  }
}

constexpr const char* kPieces = "the kernel grants it but delivers pieces";

TEST_F(OffloadProofTest, ADeviceThatLostItsMaskIsARefusal) {
  for (const bool tso : {true, false}) {
    const absl::StatusOr<TunDevice> device = CreateTunDevice({"rwiotun", 2, true, true});
    ASSERT_TRUE(device.ok()) << device.status();
    SetLinkUp("rwiotun", true);
    // By the second queue: what one of them says holds for all.
    ASSERT_TRUE(SetTunOffloads(device->queues.back().get(), tso, !tso).ok());
    CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
    ProveSuperpacketReads(*device, &ladder);
    EXPECT_EQ(ladder.IsOn(Offload::kTso), tso);
    EXPECT_EQ(ladder.IsOn(Offload::kUso), !tso);
    EXPECT_EQ(ladder.Read(tso ? Offload::kUso : Offload::kTso).why, kPieces);
  }
}

using OffloadProofDeathTest = OffloadProofTest;

// Proves everything, in a process that `obstruct` has changed; exits with 0 if these rungs are
// refused for this reason and all others are on.
template <typename Obstruct>
void ProveWithout(const Obstruct& obstruct, const std::vector<Offload>& refused,
                  const std::string& why) {
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  obstruct();
  ProveUdpOffloads(&ladder);
  const bool merges_udp = ProveTunOffloads(&ladder, /*otherwise=*/true);
  if (merges_udp != ladder.IsOn(Offload::kTunGsoWrite)) ::_exit(1);
  for (const Offload offload : kOffloads) {
    const CapabilityLadder::Rung rung = ladder.Read(offload);
    const bool expected = std::ranges::find(refused, offload) == refused.end()
                              ? rung.state == RungState::kOn
                              : rung.state == RungState::kRefused && rung.why == why;
    if (expected) continue;
    std::fprintf(stderr, "%s: %s", std::string(OffloadName(offload)).c_str(), rung.why.c_str());
    ::_exit(1);
  }
  ::_exit(0);
}

TEST_F(OffloadProofDeathTest, ARouteThatRefusesTrainsIsARefusal) {
  EXPECT_EXIT(ProveWithout([] { RefuseSystemCall(SYS_sendmsg, EIO); }, {Offload::kUdpGso},
                           "send a train over loopback: Input/output error"),
              testing::ExitedWithCode(0), "");
}

TEST_F(OffloadProofDeathTest, ASocketThatDoesNotKnowTrainsIsARefusal) {
  EXPECT_EXIT(ProveWithout([] { RefuseSystemCall(SYS_setsockopt, ENOPROTOOPT); },
                           {Offload::kUdpGro}, "set UDP_GRO: Protocol not available"),
              testing::ExitedWithCode(0), "");
}

TEST_F(OffloadProofDeathTest, ATunDeviceThatRefusesMergedPacketsIsARefusal) {
  EXPECT_EXIT(ProveWithout([] { RefuseSystemCall(SYS_write, EINVAL); }, {Offload::kTunGsoWrite},
                           "write a merged packet to a TUN device: Invalid argument"),
              testing::ExitedWithCode(0), "");
}

constexpr uint32_t kTsoBits = TUN_F_TSO4 | TUN_F_TSO6;
constexpr uint32_t kUsoBits = 0x20 | 0x40;  // TUN_F_USO4 | TUN_F_USO6

TEST_F(OffloadProofDeathTest, SuperpacketsThatTheKernelDoesNotGrantAreARefusal) {
  EXPECT_EXIT(ProveWithout([] { RefuseIoctl(TUNSETOFFLOAD, kUsoBits, EINVAL); }, {Offload::kUso},
                           "this kernel does not grant it"),
              testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ProveWithout([] { RefuseIoctl(TUNSETOFFLOAD, kTsoBits, EINVAL); },
                           {Offload::kTso, Offload::kUso}, "this kernel does not grant it"),
              testing::ExitedWithCode(0), "");
}

TEST_F(OffloadProofDeathTest, SuperpacketsThatAreGrantedAndNeverComeAreARefusal) {
  EXPECT_EXIT(ProveWithout([] { RefuseIoctl(TUNSETOFFLOAD, kTsoBits | kUsoBits, 0); },
                           {Offload::kTso, Offload::kUso}, kPieces),
              testing::ExitedWithCode(0), "");
}

// As with kernels before 6.2.
TEST_F(OffloadProofDeathTest, ATunDeviceThatTakesMergedTcpOnlyIsALimit) {
  const auto prove = [this] {
    RefuseWriteOf(10 + 20 + 8 + 250, EINVAL);  // the UDP superpacket
    const bool merges_udp = ProveTunOffloads(&ladder_, /*otherwise=*/true);
    std::fputs(WhyOf(Offload::kTunGsoWrite).c_str(), stderr);
    ::_exit(!merges_udp && ladder_.IsOn(Offload::kTunGsoWrite) ? 0 : 1);
  };
  EXPECT_EXIT(prove(), testing::ExitedWithCode(0),
              "for TCP only .write a merged UDP packet to a TUN device: Invalid argument");
}

// As a service whose unit allows no raw sockets.
TEST_F(OffloadProofDeathTest, WithoutRawSocketsUsoIsProvedByATrainAndTsoIsADoubt) {
  const auto prove = [this] {
    RefuseSystemCall(SYS_sendto, EPERM);
    ProveTunOffloads(&ladder_, /*otherwise=*/false);
    ::_exit(WhyOf(Offload::kUso).empty() && ladder_.IsOn(Offload::kTso) &&
                    WhyOf(Offload::kTso).starts_with("not proved: send through rwprobe")
                ? 0
                : 1);
  };
  EXPECT_EXIT(prove(), testing::ExitedWithCode(0), "");
}

// Refuses the first operations of one kind.
class FirstFail final : public IoFaults {
 public:
  FirstFail(IoOperation operation, int times) : operation_(operation), left_(times) {}
  int Next(IoOperation operation) override {
    return operation == operation_ && left_-- > 0 ? EINVAL : 0;
  }

 private:
  const IoOperation operation_;
  int left_;
};

TEST_F(OffloadProofTest, AMultishotReadThatIsRefusedIsARefusalAndTheRestWorks) {
  // The superpackets are blamed first.
  FirstFail faults(IoOperation::kTunRead, 3);
  const absl::Status status = ProbeIoUring(&ladder_, &faults);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ladder_.Read(Offload::kMultishotRead).state, RungState::kRefused);
  EXPECT_EQ(WhyOf(Offload::kMultishotRead), "Invalid argument");
  for (const Offload offload : {Offload::kTso, Offload::kUso, Offload::kMultishotRecvmsg}) {
    EXPECT_TRUE(ladder_.IsOn(offload)) << OffloadName(offload);
  }
}

TEST_F(OffloadProofTest, AMultishotRecvmsgThatIsRefusedIsARefusalAndTheRestWorks) {
  // UDP_GRO is blamed first.
  FirstFail faults(IoOperation::kUdpReceive, 2);
  const absl::Status status = ProbeIoUring(&ladder_, &faults);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ladder_.Read(Offload::kMultishotRecvmsg).state, RungState::kRefused);
  EXPECT_EQ(WhyOf(Offload::kMultishotRecvmsg), "Invalid argument");
  for (const Offload offload : {Offload::kUdpGro, Offload::kMultishotRead}) {
    EXPECT_TRUE(ladder_.IsOn(offload)) << OffloadName(offload);
  }
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
  EXPECT_FALSE(ProveTunOffloads(&ladder, /*otherwise=*/true));
}

}  // namespace
}  // namespace ringwire::platform
