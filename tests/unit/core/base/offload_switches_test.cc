#include "core/base/offload_switches.h"

#include <gtest/gtest.h>

namespace ringwire {
namespace {

TEST(OffloadSwitchesTest, AutoAndOffAreAllAndNone) {
  for (const Offload offload : kOffloads) {
    EXPECT_FALSE(OffloadSwitches::Parse(" Auto")->IsOff(offload));
    EXPECT_TRUE(OffloadSwitches::Parse("OFF ")->IsOff(offload));
  }
}

TEST(OffloadSwitchesTest, EachCanBeSwitchedOffByItself) {
  for (const Offload offload : kOffloads) {
    const auto switches = OffloadSwitches::Parse("-" + std::string(OffloadName(offload)));
    ASSERT_TRUE(switches.has_value());
    for (const Offload other : kOffloads) EXPECT_EQ(switches->IsOff(other), other == offload);
  }
}

TEST(OffloadSwitchesTest, AListSwitchesOffAllThatItNames) {
  const auto switches = OffloadSwitches::Parse("-uso, -UDP-GRO,-uso");
  ASSERT_TRUE(switches.has_value());
  for (const Offload offload : kOffloads) {
    EXPECT_EQ(switches->IsOff(offload), offload == Offload::kUso || offload == Offload::kUdpGro);
  }
}

TEST(OffloadSwitchesTest, APlusTrustsTheKernelWithOneAndSwitchesNothingOff) {
  const auto switches = OffloadSwitches::Parse("+udp-gso, -uso");
  ASSERT_TRUE(switches.has_value());
  for (const Offload offload : kOffloads) {
    EXPECT_EQ(switches->IsTrusted(offload), offload == Offload::kUdpGso);
    EXPECT_EQ(switches->IsOff(offload), offload == Offload::kUso);
    EXPECT_FALSE(OffloadSwitches::Parse("auto")->IsTrusted(offload));
    EXPECT_FALSE(OffloadSwitches::Parse("off")->IsTrusted(offload));
  }
  EXPECT_NE(switches, OffloadSwitches::Parse("-uso"));
}

TEST(OffloadSwitchesTest, RefusesInvalidValues) {
  for (const char* const text :
       {"", ",", "uso", "-", "-usb", "-uso,", ",-uso", "-uso;-tso", "auto,-uso", "-off", "- uso",
        "-uso -tso", "--uso", "+", "+usb", "+-uso", "+auto"}) {
    EXPECT_FALSE(OffloadSwitches::Parse(text).has_value()) << text;
  }
}

TEST(OffloadSwitchesTest, TheSyntaxNamesThemAll) {
  EXPECT_EQ(
      OffloadSwitches::Syntax(),
      "auto, off, or some of -tso, -uso, -udp-gso, -udp-gro, -multishot-read, "
      "-multishot-recvmsg, -tun-gso-write with commas between them (+ for -: also on a kernel "
      "whose version is known to break it)");
}

}  // namespace
}  // namespace ringwire
