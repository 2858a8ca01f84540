#include "platform/gateway/plan/plan_namespace.h"

#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "platform/gateway/plan/plan_full_tunnel.h"

namespace ringwire::platform {
namespace {

ConfigFile Config(std::string_view interface_lines, std::string_view allowed_ips) {
  ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\n{}\n[Gateway]\nNamespace = vpn\n[Peer]\nPublicKey = "
                  "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = {}\n",
                  interface_lines, allowed_ips));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

HostFacts NoNamespaceYet() {
  HostFacts facts;
  facts.namespace_dns.folders_missing = 2;
  return facts;
}

TEST(PlanNamespaceTest, EverythingOfTheInterfaceIsInsideAndTheNamespaceAroundAllOfIt) {
  const ConfigFile config =
      Config("Address = 10.77.0.2/24, fd77::2/64\nPreUp = a\nPostUp = b\nPostDown = c",
             "0.0.0.0/0, ::/0, 192.168.7.0/24");
  const Plan plan = MakePlan("wg0", config, NoNamespaceYet());
  EXPECT_EQ(CommandsOf(plan, "wg0"),
            "ip netns add vpn\n"
            "ip -n vpn link set lo up\n"
            "a\n"
            "# ringwire creates wg0 in the network namespace vpn, its sockets and its peers here\n"
            "ip -n vpn address add 10.77.0.2/24 dev wg0\n"
            "ip -n vpn address add fd77::2/64 dev wg0\n"
            "ip -n vpn link set dev wg0 mtu 1420\n"
            "ip -n vpn link set dev wg0 up\n"
            "ip -n vpn -4 route add 192.168.7.0/24 dev wg0\n"
            "ip -n vpn -4 route add 0.0.0.0/0 dev wg0\n"
            "ip -n vpn -6 route add ::/0 dev wg0\n"
            "b\n"
            "# and to undo it:\n"
            "ip -n vpn link delete dev wg0\n"
            "c\n"
            "ip netns delete vpn\n");
  EXPECT_EQ(plan.network_namespace, "vpn");
  EXPECT_EQ(plan.fwmark, 0u) << "no policy of the host's has to know the sockets";
  EXPECT_FALSE(IsFullTunnel(config));
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanNamespaceTest, ItStaysWhenTheServiceDies) {
  const Plan plan = MakePlan("wg0", Config("", "0.0.0.0/0"), NoNamespaceYet());
  EXPECT_EQ(plan.steps.front().undo, Action(action::DeleteNamespace{"vpn"}));
  EXPECT_TRUE(plan.steps.front().stays_after_crash);
}

TEST(PlanNamespaceTest, OneThatTheHostHadIsUsedAndLeftThere) {
  HostFacts facts;
  facts.namespace_exists = true;
  const Plan plan = MakePlan("wg0", Config("", ""), facts);
  EXPECT_EQ(plan.steps.front(),
            (Step{action::UseNamespace{"vpn", /*create=*/false}, std::nullopt, /*stays=*/true}));
  EXPECT_TRUE(CommandsOf(plan, "wg0").starts_with("# the network namespace vpn is there\n"));
}

TEST(PlanNamespaceTest, OneOfAnotherTunnelGoesWithTheLastOfThem) {
  HostFacts facts;
  facts.namespace_exists = true;
  facts.namespace_is_ours = true;
  const Plan plan = MakePlan("wg0", Config("", ""), facts);
  EXPECT_EQ(plan.steps.front().apply, Action(action::UseNamespace{"vpn", /*create=*/false}));
  EXPECT_EQ(plan.steps.front().undo, Action(action::DeleteNamespace{"vpn"}));
}

HostFacts With(const WayOut& way) {
  HostFacts facts;
  facts.namespace_exists = true;
  facts.ways_out = {way};
  return facts;
}
WayOut By(const char* prefix, uint32_t table = kMainTable) {
  return {*Prefix::Parse(prefix), "eth9", table};
}

TEST(PlanNamespaceTest, AWideWayOutBesideATunnelForEverythingIsRefused) {
  for (const char* const prefix : {"0.0.0.0/0", "128.0.0.0/1", "64.0.0.0/7", "::/0", "2000::/3"}) {
    const Plan plan = MakePlan("wg0", Config("", "0.0.0.0/0"), With(By(prefix)));
    EXPECT_NE(plan.refusal, "") << prefix;
    EXPECT_TRUE(plan.warnings.empty()) << prefix;
  }
  EXPECT_EQ(MakePlan("wg0", Config("", "0.0.0.0/1, 128.0.0.0/1"), With(By("::/0", 100))).refusal,
            "programs in the network namespace vpn can reach the world by the route ::/0 dev eth9 "
            "table 100 instead of the tunnel (`ip -n vpn -6 route delete ::/0 dev eth9 table 100` "
            "removes it; KillSwitch = on lets nothing leave by it)");
}

TEST(PlanNamespaceTest, AWayOutThatMayBeWantedIsWarnedOf) {
  const auto warns = [](const Plan& plan) {
    return plan.refusal.empty() && plan.warnings.size() == 1;
  };
  const ConfigFile all = Config("", "0.0.0.0/0");
  EXPECT_TRUE(warns(MakePlan("wg0", all, With(By("203.0.113.7/32")))));
  EXPECT_TRUE(warns(MakePlan("wg0", Config("", "10.0.0.0/8"), With(By("0.0.0.0/0")))));
  EXPECT_TRUE(warns(MakePlan("wg0", Config("Table = off", "0.0.0.0/0"), With(By("0.0.0.0/0")))));
  ConfigFile kept_in = all;
  kept_in.gateway.kill_switch.on = true;
  const Plan plan = MakePlan("wg0", kept_in, With(By("0.0.0.0/0")));
  EXPECT_TRUE(warns(plan));
  EXPECT_NE(plan.warnings.front().find("cannot reach what they send"), std::string::npos);
}

TEST(PlanNamespaceTest, DnsIsAFileThatOnlyProgramsInThereSee) {
  HostFacts facts = NoNamespaceYet();
  facts.dns_program = DnsProgram::kResolvectl;
  const ConfigFile config = Config("DNS = 10.77.0.1, fd77::1, lan, example.com", "");
  const std::string text = CommandsOf(MakePlan("wg0", config, facts), "wg0");
  EXPECT_NE(
      text.find("mkdir -p /etc/netns/vpn\n"
                "printf '%s\\n' '# Made by ringwire for wg0, until ringwire down' 'nameserver "
                "10.77.0.1' 'nameserver fd77::1' 'search lan example.com' "
                ">/etc/netns/vpn/resolv.conf\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("# and to undo it:\nrm /etc/netns/vpn/resolv.conf\nrmdir /etc/netns/vpn\n"
                      "rmdir /etc/netns\nip -n vpn link delete dev wg0\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("resolvectl"), std::string::npos) << "the host keeps its name servers";
}

TEST(PlanNamespaceTest, AResolvConfThatWasThereComesBack) {
  HostFacts facts;
  facts.namespace_exists = true;
  facts.namespace_dns.has_file = true;
  const std::string text = CommandsOf(MakePlan("wg0", Config("DNS = 10.77.0.1", ""), facts), "wg0");
  EXPECT_NE(text.find("mv /etc/netns/vpn/resolv.conf /etc/netns/vpn.resolv.conf.ringwire\nprintf "),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.find("rm /etc/netns/vpn/resolv.conf\nmv /etc/netns/vpn.resolv.conf.ringwire "
                        "/etc/netns/vpn/resolv.conf\nip -n") != std::string::npos)
      << text;
}

TEST(CommandsOfTest, WhatIpCannotDoInANamespaceIsRunInside) {
  EXPECT_EQ(CommandsOf(action::SetSysctl{"net/ipv4/ip_forward", "1", std::nullopt}, "wg0", "vpn"),
            "ip netns exec vpn sysctl -w net/ipv4/ip_forward=1");
  EXPECT_EQ(CommandsOf(action::DeleteNftTable{"ringwire-wg0"}, "wg0", "vpn"),
            "ip netns exec vpn nft add table inet ringwire-wg0\n"
            "ip netns exec vpn nft delete table inet ringwire-wg0");
  EXPECT_EQ(CommandsOf(action::RunHook{"PostUp", "ip link"}, "wg0", "vpn"), "ip link")
      << "hooks are not";
}

}  // namespace
}  // namespace ringwire::platform
