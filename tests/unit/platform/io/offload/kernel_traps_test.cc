#include "platform/io/offload/kernel_traps.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwire::platform {
namespace {

// What is made of one kernel.
struct Avoided {
  explicit Avoided(const std::string& release, const char* text = "auto")
      : switches(*OffloadSwitches::Parse(text)), ladder(switches, [](const std::string&) {}) {
    line = AvoidKernelTraps(release, switches, &ladder, &merge_udp);
  }
  OffloadSwitches switches;
  CapabilityLadder ladder;
  bool merge_udp = true;
  std::string line;
};

TEST(KernelTrapsTest, ReadsTheReleasesOfKernels) {
  EXPECT_EQ(ParseKernelVersion("6.8.4"), (KernelVersion{6, 8, 4}));
  EXPECT_EQ(ParseKernelVersion("6.8.0-31-generic"), (KernelVersion{6, 8, 0}));
  EXPECT_EQ(ParseKernelVersion("6.1.0-18-amd64"), (KernelVersion{6, 1, 0}));
  EXPECT_EQ(ParseKernelVersion("7.0-rc3"), (KernelVersion{7, 0, 0}));
  EXPECT_EQ(ParseKernelVersion("7.1.4+"), (KernelVersion{7, 1, 4}));
  EXPECT_EQ(ParseKernelVersion("5.15.167.4-microsoft-standard-WSL2"), (KernelVersion{5, 15, 167}));
  for (const char* const text : {"", "7", "linux", "7.x", "-7.0.1", "7.-1", "99999999999.1.1"}) {
    EXPECT_EQ(ParseKernelVersion(text), std::nullopt) << text;
  }
  EXPECT_TRUE(ParseKernelVersion(KernelRelease()).has_value()) << KernelRelease();
}

TEST(KernelTrapsTest, TrainsThatTheKernelCorruptsAreNotSent) {
  for (const char* const release :
       {"7.0.0", "7.0-rc1", "7.0.12-arch1-1", "7.1.0", "7.1.4-200.fc44"}) {
    const Avoided avoided(release);
    const CapabilityLadder::Rung rung = avoided.ladder.Read(Offload::kUdpGso);
    EXPECT_EQ(rung.state, RungState::kRefused) << release;
    EXPECT_EQ(rung.why, "Linux " + std::string(release) +
                            " breaks trains on some network devices; 7.1.5 is fixed");
    EXPECT_EQ(avoided.line, "offload udp-gso is not used: " + rung.why +
                                " (use --offload=+udp-gso if this kernel is fixed too)");
    EXPECT_TRUE(avoided.ladder.IsOn(Offload::kUdpGro));
  }
  for (const char* const release : {"6.18.44", "6.99.99", "7.1.5", "7.1.10", "7.2.0", "8.0.1"}) {
    const Avoided avoided(release);
    EXPECT_TRUE(avoided.ladder.IsOn(Offload::kUdpGso)) << release;
    EXPECT_EQ(avoided.line, "");
  }
}

TEST(KernelTrapsTest, SaysNothingAboutTrainsThatAreOff) {
  const Avoided avoided("7.0.1", "-udp-gso");
  EXPECT_EQ(avoided.line, "");
  EXPECT_EQ(avoided.ladder.Read(Offload::kUdpGso).state, RungState::kOff);
}

TEST(KernelTrapsTest, ATrustedKernelCountsAsFixed) {
  const Avoided trains("7.0.0-14-generic", "+udp-gso");
  EXPECT_TRUE(trains.ladder.IsOn(Offload::kUdpGso));
  EXPECT_EQ(trains.line, "");
  const Avoided merges("6.8.0-64-generic", "+tun-gso-write");
  EXPECT_TRUE(merges.merge_udp);
  EXPECT_EQ(merges.ladder.Read(Offload::kTunGsoWrite).why, "");
  // With one thing, not with the other.
  EXPECT_FALSE(Avoided("7.0.1", "+tun-gso-write").ladder.IsOn(Offload::kUdpGso));
  EXPECT_FALSE(Avoided("6.8.0", "+udp-gso").merge_udp);
}

TEST(KernelTrapsTest, MergedUdpThatMayBeVxlanIsNotWrittenToKernelsThatLoseIt) {
  for (const char* const release : {"6.2.0", "6.6.25", "6.8.0-31-generic", "6.8.4"}) {
    const Avoided avoided(release);
    EXPECT_FALSE(avoided.merge_udp) << release;
    EXPECT_TRUE(avoided.ladder.IsOn(Offload::kTunGsoWrite));  // of TCP
    EXPECT_EQ(avoided.ladder.Read(Offload::kTunGsoWrite).why,
              "for TCP only (Linux " + std::string(release) +
                  " loses merged packets for VXLAN and Geneve devices)");
  }
  for (const char* const release : {"6.8.5", "6.8.12-arch1-1", "6.9.0", "7.0.0", "unknown"}) {
    const Avoided avoided(release);
    EXPECT_TRUE(avoided.merge_udp) << release;
    EXPECT_EQ(avoided.ladder.Read(Offload::kTunGsoWrite).why, "");
  }
}

TEST(KernelTrapsTest, UnmergedUdpNeedsNoSecondReason) {
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  bool merge_udp = false;
  EXPECT_EQ(AvoidKernelTraps("6.1.0-18-amd64", OffloadSwitches(), &ladder, &merge_udp), "");
  EXPECT_FALSE(merge_udp);
  EXPECT_EQ(ladder.Read(Offload::kTunGsoWrite).why, "");
}

}  // namespace
}  // namespace ringwire::platform
