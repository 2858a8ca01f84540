#include "platform/gateway/plan/plan_bridge.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kPeers =
    "[Peer]\nName = b\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
    "AllowedIPs = 10.50.0.0/16, 10.77.0.2/32, 10.50.1.1/32, fd77::2/128\n"
    "[Peer]\nName = c\nPublicKey = 6NAjGKT3vEVyZJrYaR8XKcJnpGyMGNdlmhPQkCFuKnM=\n"
    "AllowedIPs = 10.60.0.0/16\n";

ConfigFile Config(std::string_view address, std::string_view bridge = "Bridge = br0") {
  ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\nAddress = {}\nMTU = 1420\nTable = off\n[Gateway]\n{}\n{}", address,
                  bridge, kPeers));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

std::string Applied(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    if (step.apply.has_value()) text += CommandsOf(*step.apply, "wg0") + "\n";
  }
  return text;
}

// Without the nft tables.
std::string LinksOf(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    const bool is_table =
        step.apply.has_value() && std::holds_alternative<action::ReplaceNftTable>(*step.apply);
    if (step.apply.has_value() && !is_table) text += CommandsOf(*step.apply, "wg0") + "\n";
  }
  return text;
}

TEST(PlanBridgeTest, AVxlanDeviceOnTheTunnelJoinsTheBridge) {
  const Plan plan = MakePlan("wg0", Config("10.77.0.1/24", "Bridge = br0\nVxlanId = 77"), {});
  EXPECT_EQ(LinksOf(plan),
            "ip link add br0 type bridge\nip link set dev br0 up\n"
            "# ringwire creates wg0, its sockets and its peers here\n"
            "ip address add 10.77.0.1/24 dev wg0\nip link set dev wg0 mtu 1420\n"
            "ip link set dev wg0 up\n"
            "ip link add vxwg0 type vxlan id 77 dev wg0 local 10.77.0.1 dstport 4789\n"
            "ip link set dev vxwg0 mtu 1370 master br0 up\n"
            "bridge fdb append 00:00:00:00:00:00 dev vxwg0 dst 10.77.0.2\n");
  EXPECT_TRUE(plan.warnings.empty()) << "the review of the file names the peer c";
}

TEST(PlanBridgeTest, FramesEnterTheSegmentOnlyThroughTheTunnel) {
  const std::string text =
      Applied(MakePlan("wg0", Config("10.77.0.1/24", "Bridge = br0\nVxlanId = 77"), {}));
  EXPECT_NE(text.find(R"(iifname != "wg0" udp dport 4789 @th,96,24 77 drop)"), std::string::npos)
      << text;
}

TEST(PlanBridgeTest, FramesThatDoNotFitAreCountedAndTcpIsToldWhatFits) {
  const Plan plan = MakePlan("wg0", Config("10.77.0.1/24"), {});
  const std::string text = Applied(plan);
  EXPECT_NE(text.find(R"(oifname "vxwg0" meta l4proto != tcp meta length > 1370 counter drop)"),
            std::string::npos)
      << text;
  for (const std::string_view rule : {"ip tcp flags syn tcp option maxseg size set 1330",
                                      "ip6 tcp flags syn tcp option maxseg size set 1310"}) {
    for (const std::string_view direction : {"iifname", "oifname"}) {
      EXPECT_NE(text.find(fmt::format(R"({} "vxwg0" meta protocol {})", direction, rule)),
                std::string::npos)
          << text;
    }
  }
  const Action undo = action::DeleteNftTable{"ringwire-wg0", NftFamily::kBridge};
  EXPECT_NE(std::ranges::find(plan.steps, undo, &Step::undo), plan.steps.end());
}

TEST(PlanBridgeTest, TheFirstAddressOfTheTunnelDecidesTheFamily) {
  const std::string v6 = Applied(MakePlan("wg0", Config("fd77::1/64, 10.77.0.1/24"), {}));
  EXPECT_NE(v6.find("id 1 dev wg0 local fd77::1"), std::string::npos) << v6;
  EXPECT_NE(v6.find("mtu 1350 master br0"), std::string::npos);
  EXPECT_NE(v6.find("dev vxwg0 dst fd77::2\n"), std::string::npos);
}

TEST(PlanBridgeTest, ABridgeOfAnAdministratorStays) {
  HostFacts facts;
  const auto removes = [&facts] {
    const Plan plan = MakePlan("wg0", Config("10.77.0.1/24"), facts);
    const Action undo = action::RemoveBridge{"br0"};
    return std::ranges::find(plan.steps, undo, &Step::undo) != plan.steps.end();
  };
  EXPECT_TRUE(removes());
  facts.bridge = {.exists = true, .is_bridge = true, .is_ours = false};
  EXPECT_FALSE(removes());
  facts.bridge.is_ours = true;
  EXPECT_TRUE(removes()) << "the last of ours removes it";
  facts.bridge.is_bridge = false;
  EXPECT_FALSE(MakePlan("wg0", Config("10.77.0.1/24"), facts).refusal.empty());
}

TEST(PlanBridgeTest, FollowsThePeersOfTheDevice) {
  HostFacts facts;
  facts.bridge_peers = {{"b", {*IpAddress::Parse("10.77.0.9")}},
                        {"d", {*IpAddress::Parse("fd77::4"), *IpAddress::Parse("10.77.0.4")}}};
  const std::string text = Applied(MakePlan("wg0", Config("10.77.0.1/24"), facts));
  EXPECT_NE(text.find("dst 10.77.0.9\n"), std::string::npos);
  EXPECT_NE(text.find("dst 10.77.0.4\n"), std::string::npos);
  EXPECT_EQ(text.find("dst 10.77.0.2\n"), std::string::npos);
}

TEST(PlanBridgeTest, NamesALivePeerThatItCannotReach) {
  HostFacts facts;
  facts.bridge_peers = {{"d", {*IpAddress::Parse("fd77::4")}}};
  const Plan plan = MakePlan("wg0", Config("10.77.0.1/24"), facts);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_EQ(plan.warnings[0],
            "Bridge leaves out the peer d: its AllowedIPs have no single IPv4 address to send "
            "frames to (add the peer's address with /32)");
}

TEST(PlanBridgeTest, ReachesAtMostSoManyPeers) {
  HostFacts facts;
  facts.bridge_peers.emplace();
  for (uint32_t i = 0; i <= kBridgePeersMax; ++i) {
    facts.bridge_peers->push_back(
        {"p", {*IpAddress::Parse(fmt::format("10.1.{}.{}", i / 256, i % 256))}});
  }
  const Plan plan = MakePlan("wg0", Config("10.77.0.1/24"), facts);
  const auto forwards = [](const Step& step) {
    return step.apply.has_value() && std::holds_alternative<action::AddForwarding>(*step.apply);
  };
  EXPECT_EQ(std::ranges::count_if(plan.steps, forwards), kBridgePeersMax);
  EXPECT_EQ(plan.warnings.size(), 1U);
}

TEST(PlanBridgeTest, WithoutIpv6TheFirstIpv4AddressCounts) {
  HostFacts facts;
  facts.has_ipv6 = false;
  const std::string text = Applied(MakePlan("wg0", Config("fd77::1/64, 10.77.0.1/24"), facts));
  EXPECT_NE(text.find("local 10.77.0.1"), std::string::npos) << text;
}

TEST(PlanBridgeTest, TheNameOfTheDeviceFits) {
  EXPECT_EQ(VxlanNameOf("office"), "vxoffice");
  EXPECT_EQ(VxlanNameOf("fifteen-letters"), "vxfifteen-lette");
}

}  // namespace
}  // namespace ringwire::platform
