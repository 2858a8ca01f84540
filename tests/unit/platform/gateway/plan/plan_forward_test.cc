#include "platform/gateway/plan/plan_forward.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

ConfigFile Config(std::string_view gateway_lines, std::string_view interface_lines = "") {
  ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\n{}\n[Gateway]\n{}\n", interface_lines, gateway_lines));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

// A host with one interface that forwards nothing.
HostFacts Facts() {
  HostFacts facts;
  facts.interfaces = {"lo", "eth0"};
  facts.sysctls = {{"net/ipv4/ip_forward", "0"},
                   {"net/ipv4/conf/all/accept_redirects", "1"},
                   {"net/ipv4/conf/all/rp_filter", "0"},
                   {"net/ipv4/conf/default/rp_filter", "0"},
                   {"net/ipv4/conf/all/forwarding", "0"},
                   {"net/ipv4/conf/default/forwarding", "0"},
                   {"net/ipv4/conf/eth0/forwarding", "0"},
                   {"net/ipv6/conf/all/forwarding", "0"},
                   {"net/ipv6/conf/default/forwarding", "0"},
                   {"net/ipv6/conf/eth0/forwarding", "0"},
                   {"net/ipv6/conf/all/accept_ra", "1"},
                   {"net/ipv6/conf/default/accept_ra", "1"},
                   {"net/ipv6/conf/lo/accept_ra", "1"},
                   {"net/ipv6/conf/eth0/accept_ra", "0"}};
  return facts;
}

std::string Sysctl(const std::optional<Action>& action) {
  const auto* const sysctl =
      action.has_value() ? std::get_if<action::SetSysctl>(&*action) : nullptr;
  if (sysctl == nullptr) return {};
  return fmt::format("{}={}{}\n", sysctl->path, sysctl->value,
                     sysctl->only_if.has_value() ? " if " + *sysctl->only_if : "");
}

std::string SetSysctls(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) text += Sysctl(step.apply);
  return text;
}

std::string RestoredSysctls(const Plan& plan) {
  std::string text;
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    text += Sysctl(step->undo);
  }
  return text;
}

std::string NftRules(const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    if (const auto* const table = std::get_if<action::ReplaceNftTable>(&*step.apply)) {
      return ReplaceCommands(table->table);
    }
  }
  return {};
}

TEST(PlanForwardTest, TheHostRoutesBothFamiliesAndSegmentsFit) {
  const Plan plan = MakePlan("wg0", Config("Forward = on"), Facts());
  EXPECT_EQ(SetSysctls(plan),
            "net/ipv4/ip_forward=1\n"
            "net/ipv6/conf/all/forwarding=1\n");
  EXPECT_EQ(RestoredSysctls(plan),
            "net/ipv6/conf/all/forwarding=0 if 1\n"
            "net/ipv4/ip_forward=0 if 1\n");
  EXPECT_EQ(
      NftRules(plan),
      "nft add table inet ringwire-wg0\n"
      "nft delete table inet ringwire-wg0\n"
      "nft add table inet ringwire-wg0\n"
      "nft add chain inet ringwire-wg0 forwardmangle '{ type filter hook forward priority "
      "-150; policy accept; }'\n"
      "nft add rule inet ringwire-wg0 forwardmangle 'iifname \"wg0\" tcp flags syn tcp option "
      "maxseg size set rt mtu'\n"
      "nft add rule inet ringwire-wg0 forwardmangle 'oifname \"wg0\" tcp flags syn tcp option "
      "maxseg size set rt mtu'\n"
      "nft add chain inet ringwire-wg0 postmangle '{ type filter hook postrouting priority -150; "
      "policy accept; }'\n"
      "nft add rule inet ringwire-wg0 postmangle 'oifname \"wg0\" icmp type redirect drop'\n"
      "nft add rule inet ringwire-wg0 postmangle 'oifname \"wg0\" icmpv6 type { nd-redirect } "
      "drop'");
}

TEST(PlanForwardTest, NothingWithoutBeingAsked) {
  for (const std::string_view lines : {"", "Forward = off", "Forward = on\nForward = off"}) {
    const Plan plan = MakePlan("wg0", Config(lines), Facts());
    EXPECT_EQ(SetSysctls(plan), "") << lines;
    EXPECT_EQ(NftRules(plan), "") << lines;
  }
  EXPECT_TRUE(SysctlsOf(Config("")).empty());
}

TEST(PlanForwardTest, AHostThatRoutesAlreadyKeepsItsSettings) {
  HostFacts facts = Facts();
  facts.sysctls["net/ipv4/ip_forward"] = "1";
  facts.sysctls["net/ipv6/conf/all/forwarding"] = "1";
  facts.sysctls["net/ipv6/conf/eth0/accept_ra"] = "1";
  facts.sysctls["net/ipv4/conf/all/accept_redirects"] = "0";
  facts.sysctls["net/ipv4/conf/eth0/forwarding"] = "1";
  facts.sysctls["net/ipv4/conf/default/forwarding"] = "1";
  const Plan plan = MakePlan("wg0", Config("Forward = on"), facts);
  EXPECT_EQ(SetSysctls(plan), "net/ipv6/conf/wg0/forwarding=1\n")
      << "which does not forward what comes in by a new interface";
}

TEST(PlanForwardTest, WithoutIpv6NothingIsAskedOfIt) {
  HostFacts facts = Facts();
  std::erase_if(facts.sysctls, [](const auto& one) { return one.first.starts_with("net/ipv6"); });
  const Plan plan = MakePlan("wg0", Config("Forward = on"), facts);
  EXPECT_EQ(SetSysctls(plan).find("ipv6"), std::string::npos);
}

// As in a container: the settings are there, and cannot be written.
TEST(PlanForwardTest, WhereIpv6IsDisabledItsForwardingStaysAsItIs) {
  HostFacts facts = Facts();
  facts.has_ipv6 = false;
  facts.sysctls["net/ipv4/ip_forward"] = "1";
  facts.sysctls["net/ipv6/conf/eth0/accept_ra"] = "1";
  EXPECT_EQ(SetSysctls(MakePlan("wg0", Config("Forward = on"), facts)).find("ipv6"),
            std::string::npos);
  facts.sysctls["net/ipv6/conf/all/forwarding"] = "1";
  EXPECT_EQ(SetSysctls(MakePlan("wg0", Config("Forward = on"), facts)).find("ipv6"),
            std::string::npos)
      << "nor that of the tunnel's own interface";
}

// The kernel forgets routes from router advertisements the moment that it becomes a router.
TEST(PlanForwardTest, WhatLivesByRouterAdvertisementsStillDoes) {
  HostFacts facts = Facts();
  facts.sysctls["net/ipv6/conf/eth0/accept_ra"] = "1";
  facts.sysctls["net/ipv6/conf/eth1/accept_ra"] = "1";
  facts.sysctls["net/ipv6/conf/eth1/forwarding"] = "1";  // so it takes none
  facts.sysctls["net/ipv6/conf/eth2/accept_ra"] = "2";
  const Plan plan = MakePlan("wg0", Config("Forward = on"), facts);
  const std::string set = SetSysctls(plan);
  EXPECT_LT(set.find("net/ipv6/conf/eth0/accept_ra=2\n"), set.find("net/ipv6/conf/all/forwarding"));
  EXPECT_EQ(set.find("eth1/accept_ra"), std::string::npos);
  EXPECT_EQ(set.find("eth2/accept_ra"), std::string::npos);
  EXPECT_NE(RestoredSysctls(plan).find("net/ipv6/conf/eth0/accept_ra=1 if 2\n"), std::string::npos);
}

// Turning forwarding off, the kernel turns it off for each interface and takes redirects again.
TEST(PlanForwardTest, WhatTheKernelSetsAlongComesBackAfterIt) {
  HostFacts facts = Facts();
  facts.sysctls["net/ipv4/conf/all/accept_redirects"] = "0";
  facts.sysctls["net/ipv4/conf/eth0/forwarding"] = "1";
  facts.sysctls["net/ipv6/conf/default/forwarding"] = "1";
  const std::string restored = RestoredSysctls(MakePlan("wg0", Config("Forward = on"), facts));
  EXPECT_EQ(restored,
            "net/ipv6/conf/all/forwarding=0 if 1\n"
            "net/ipv6/conf/default/forwarding=1 if 0\n"
            "net/ipv4/ip_forward=0 if 1\n"
            "net/ipv4/conf/eth0/forwarding=1 if 0\n"
            "net/ipv4/conf/all/accept_redirects=0 if 1\n");
}

TEST(PlanForwardTest, ASecondTunnelPlansAsIfItWereTheFirst) {
  const Plan first = MakePlan("wg0", Config("Forward = on"), Facts());
  // As ReadHostFacts finds it: what the first one holds is as before, the rest as the kernel has
  // set it along.
  HostFacts facts = Facts();
  std::set<std::string> held = {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"};
  facts.sysctls["net/ipv4/conf/all/accept_redirects"] = "0";
  for (const char* const name : {"default", "eth0"}) {
    facts.sysctls[fmt::format("net/ipv4/conf/{}/forwarding", name)] = "1";
    facts.sysctls[fmt::format("net/ipv6/conf/{}/forwarding", name)] = "1";
  }
  RevertFollowers(held, &facts.sysctls);
  EXPECT_EQ(facts.sysctls, Facts().sysctls);
  EXPECT_EQ(MakePlan("wg0", Config("Forward = on"), facts).steps, first.steps);
  // What the first one has noted had a value of its own.
  held.insert("net/ipv4/conf/eth0/forwarding");
  facts.sysctls["net/ipv4/conf/eth0/forwarding"] = "1";
  RevertFollowers(held, &facts.sysctls);
  EXPECT_NE(RestoredSysctls(MakePlan("wg0", Config("Forward = on"), facts))
                .find("net/ipv4/conf/eth0/forwarding=1 if 0\n"),
            std::string::npos);
  RevertFollowers({}, &facts.sysctls);
  EXPECT_EQ(facts.sysctls["net/ipv4/conf/eth0/forwarding"], "1") << "nobody holds anything";
}

TEST(PlanForwardTest, TheWayBackIsLooseOnlyWhereRoutesAreNotThoseOfAllowedIps) {
  HostFacts facts = Facts();
  constexpr std::string_view kLoose = "net/ipv4/conf/wg0/rp_filter=2\n";
  for (const std::string_view strict : {"all", "default"}) {
    facts = Facts();
    facts.sysctls[fmt::format("net/ipv4/conf/{}/rp_filter", strict)] = "1";
    for (const std::string_view table : {"off", "100"}) {
      const ConfigFile config = Config("Forward = on", fmt::format("Table = {}", table));
      EXPECT_NE(SetSysctls(MakePlan("wg0", config, facts)).find(kLoose), std::string::npos);
      EXPECT_EQ(SetSysctls(MakePlan("wg0", config, Facts())).find(kLoose), std::string::npos);
    }
    EXPECT_EQ(SetSysctls(MakePlan("wg0", Config("Forward = on"), facts)).find(kLoose),
              std::string::npos);
  }
}

TEST(PlanForwardTest, MasqueradeTranslatesOnlyWhatCameByTheTunnel) {
  const Plan by_one = MakePlan("wg0", Config("Masquerade = eth0"), Facts());
  EXPECT_NE(NftRules(by_one).find("sourcenat 'iifname \"wg0\" oifname \"eth0\" masquerade'"),
            std::string::npos);
  EXPECT_TRUE(by_one.warnings.empty());
  EXPECT_NE(SetSysctls(by_one).find("ip_forward=1"), std::string::npos) << "forwarding comes along";
  EXPECT_NE(NftRules(MakePlan("wg0", Config("Masquerade = auto"), Facts()))
                .find("sourcenat 'iifname \"wg0\" oifname != \"wg0\" masquerade'"),
            std::string::npos);
}

TEST(PlanForwardTest, NothingThatTheKernelWouldNotTranslateLeaves) {
  for (const auto& [outside, leaves] :
       {std::pair("eth0", R"(oifname "eth0")"), std::pair("auto", R"(oifname != "wg0")")}) {
    const Plan plan = MakePlan("wg0", Config(fmt::format("Masquerade = {}", outside)), Facts());
    EXPECT_NE(NftRules(plan).find(
                  fmt::format("forwardmangle 'iifname \"wg0\" {} ct state {{ invalid, untracked }} "
                              "drop'\n",
                              leaves)),
              std::string::npos)
        << NftRules(plan);
  }
}

TEST(PlanForwardTest, WhatWasBeforeIsByThePlanInForceAndElseWhatIsNow) {
  HostFacts before = Facts();
  before.sysctls["net/ipv4/conf/eth0/forwarding"] = "1";
  const Plan on = MakePlan("wg0", Config("Forward = on"), before);
  Sysctls now = before.sysctls;
  for (auto& [path, value] : now) {
    if (path.ends_with("forward") || path.ends_with("forwarding")) value = "1";
  }
  now["net/ipv4/conf/eth1/forwarding"] = "1";
  Sysctls expected = before.sysctls;
  expected["net/ipv4/conf/all/forwarding"] = "1";  // the same switch as ip_forward
  expected["net/ipv4/conf/eth1/forwarding"] = "0";
  EXPECT_EQ(SysctlsBefore(on, before, now), expected) << "the kernel has set the rest along";
  const Plan off = MakePlan("wg0", Config("Forward = off"), before);
  EXPECT_EQ(SysctlsBefore(off, before, now), now) << "what somebody has set since";
}

TEST(PlanForwardTest, AnInterfaceThatMayYetAppearIsAWarning) {
  const Plan plan = MakePlan("wg0", Config("Masquerade = ppp0"), Facts());
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_EQ(plan.warnings[0].find("Masquerade = ppp0: there is no interface ppp0 yet"), 0u);
  EXPECT_NE(NftRules(plan).find("oifname \"ppp0\" masquerade"), std::string::npos);
}

}  // namespace
}  // namespace ringwire::platform
