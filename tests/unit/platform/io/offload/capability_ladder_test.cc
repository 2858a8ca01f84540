#include "platform/io/offload/capability_ladder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

class CapabilityLadderTest : public testing::Test {
 protected:
  std::vector<std::string> warnings_;
  CapabilityLadder ladder_{*OffloadSwitches::Parse("-uso"),
                           [this](const std::string& line) { warnings_.push_back(line); }};
};

TEST_F(CapabilityLadderTest, EveryRungIsOnUnlessSwitchedOff) {
  for (const Offload offload : kOffloads) {
    EXPECT_EQ(ladder_.IsOn(offload), offload != Offload::kUso);
  }
  const CapabilityLadder::Rung rung = ladder_.Read(Offload::kUso);
  EXPECT_EQ(rung.state, RungState::kOff);
  EXPECT_EQ(rung.why, "switched off");
  EXPECT_EQ(rung.falls, 0u);
}

TEST_F(CapabilityLadderTest, ASwitchOverridesTheResultOfATest) {
  ladder_.Refuse(Offload::kUso, "no");
  ladder_.LeaveUnused(Offload::kUso, "no");
  ladder_.Fall(Offload::kUso, EIO);
  ladder_.Restore(Offload::kUso);
  EXPECT_EQ(ladder_.Read(Offload::kUso).state, RungState::kOff);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(CapabilityLadderTest, ARefusalSaysWhy) {
  ladder_.Refuse(Offload::kTso, "the kernel said no");
  ladder_.Doubt(Offload::kTso, "whatever");
  EXPECT_FALSE(ladder_.IsOn(Offload::kTso));
  EXPECT_EQ(ladder_.Read(Offload::kTso).state, RungState::kRefused);
  EXPECT_EQ(ladder_.Read(Offload::kTso).why, "the kernel said no");
}

TEST_F(CapabilityLadderTest, AnUntestedOffloadIsUsedWithADoubt) {
  ladder_.Doubt(Offload::kUdpGro, "loopback is down");
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGro));
  EXPECT_EQ(ladder_.Read(Offload::kUdpGro).why, "not proved: loopback is down");
}

TEST_F(CapabilityLadderTest, ALimitIsShownBesideADoubtAndChangesNothing) {
  ladder_.Doubt(Offload::kTunGsoWrite, "no device");
  ladder_.Limit(Offload::kTunGsoWrite, "for TCP only");
  ladder_.Limit(Offload::kUso, "whatever");
  EXPECT_TRUE(ladder_.IsOn(Offload::kTunGsoWrite));
  EXPECT_EQ(ladder_.Read(Offload::kTunGsoWrite).why, "not proved: no device; for TCP only");
  EXPECT_EQ(ladder_.Read(Offload::kUso).why, "switched off");
}

TEST_F(CapabilityLadderTest, AStumbleLeavesItOnAndIsOneLineForEachError) {
  for (int i = 0; i < 3; ++i) {
    for (const int error : {EMSGSIZE, EINVAL, ENOBUFS}) ladder_.Stumble(Offload::kUdpGso, error);
  }
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(ladder_.Read(Offload::kUdpGso).falls, 9u);
  ASSERT_EQ(warnings_.size(), 3u);
  EXPECT_EQ(
      warnings_[0],
      "offload udp-gso failed (Message too long) but stays on: the call is repeated without it "
      "(logged once per error)");
}

TEST_F(CapabilityLadderTest, RepeatedFallsLogOneLineAndCountEach) {
  for (int i = 0; i < 3; ++i) ladder_.Fall(Offload::kUdpGso, EIO);
  const CapabilityLadder::Rung rung = ladder_.Read(Offload::kUdpGso);
  EXPECT_EQ(rung.state, RungState::kFell);
  EXPECT_EQ(rung.why, "Input/output error");
  EXPECT_EQ(rung.falls, 3u);
  EXPECT_EQ(warnings_, std::vector<std::string>{
                           "offload udp-gso failed (Input/output error) and is switched off: "
                           "datagrams are sent one by one on that socket"});
}

TEST_F(CapabilityLadderTest, RestoresOnlyFallenRungs) {
  ladder_.Restore(Offload::kUdpGso);
  ladder_.Fall(Offload::kUdpGso, EIO);
  ladder_.Restore(Offload::kUdpGso);
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(ladder_.Read(Offload::kUdpGso).falls, 1u);
  ladder_.Fall(Offload::kUdpGso, EIO);
  EXPECT_EQ(warnings_.size(), 2u);
  ladder_.Refuse(Offload::kTso, "no");
  ladder_.Restore(Offload::kTso);
  EXPECT_FALSE(ladder_.IsOn(Offload::kTso));
}

}  // namespace
}  // namespace ringwire::platform
