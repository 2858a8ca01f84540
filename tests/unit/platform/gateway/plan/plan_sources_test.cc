#include "platform/gateway/plan/plan_sources.h"

#include <string>
#include <string_view>

#include "fmt/format.h"
#include "gtest/gtest.h"

// RouteFrom, as the commands that it comes to.
namespace ringwire::platform {
namespace {

Plan PlanOf(std::string_view interface_lines, std::string_view sources, std::string_view allowed,
            const HostFacts& facts) {
  const ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\n{}\n[Gateway]\nRouteFrom = {}\n[Peer]\n"
                  "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = {}\n",
                  interface_lines, sources, allowed));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return MakePlan("wg0", parse.config, facts);
}

HostFacts Facts() {
  HostFacts facts;
  facts.rule_priorities = {0, 32766, 32767};
  facts.sysctls["net/ipv4/conf/all/src_valid_mark"] = "1";
  return facts;
}

// Routes and rules, in order.
std::string Policy(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    if (std::holds_alternative<action::AddRoute>(*step.apply) ||
        std::holds_alternative<action::AddRule>(*step.apply)) {
      text += CommandsOf(*step.apply, "wg0") + "\n";
    }
  }
  return text;
}

bool Contains(const Plan& plan, std::string_view line) {
  return Policy(plan).find(fmt::format("{}\n", line)) != std::string::npos;
}

TEST(PlanSourcesTest, EachSourceLooksIntoATableThatFailsClosedAndDatagramsOfTheTunnelDoNot) {
  const Plan plan = PlanOf("Address = 172.31.255.7/32", "172.31.255.7/32, 10.0.0.0/24",
                           "0.0.0.0/0, 10.5.0.0/16", Facts());
  EXPECT_EQ(Policy(plan),
            "ip -4 route add unreachable 10.5.0.0/16 table 51820 metric 4294967295\n"
            "ip -4 route add 10.5.0.0/16 dev wg0 table 51820\n"
            "ip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
            "ip -4 route add 0.0.0.0/0 dev wg0 table 51820\n"
            "ip -4 rule add priority 32573 type nop\n"
            "ip -4 rule add priority 32569 fwmark 0x1000 goto 32573\n"
            "ip -4 rule add priority 32572 from 172.31.255.7/32 table 51820\n"
            "ip -4 rule add priority 32572 from 10.0.0.0/24 table 51820\n");
  EXPECT_EQ(plan.fwmark, 0x1000u);
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanSourcesTest, AllThatKeepsTrafficInsideStaysAfterACrash) {
  const Plan plan = PlanOf("", "10.0.0.1", "10.5.0.0/16", Facts());
  for (const Step& step : plan.steps) {
    if (!step.undo.has_value()) continue;
    const auto* const route = std::get_if<action::RemoveRoute>(&*step.undo);
    const bool stays = std::holds_alternative<action::RemoveRule>(*step.undo) ||
                       (route != nullptr && route->route.type == Route::Type::kUnreachable);
    EXPECT_EQ(step.stays_after_crash, stays) << Describe(*step.undo);
  }
}

TEST(PlanSourcesTest, EachFamilyIsRoutedOnlyWhereItHasSources) {
  const Plan plan = PlanOf("", "fd00::/64", "10.0.0.0/8, fd01::/48", Facts());
  EXPECT_EQ(Policy(plan),
            "ip -6 route add unreachable fd01::/48 table 51820 metric 4294967295\n"
            "ip -6 route add fd01::/48 dev wg0 table 51820\n"
            "ip -6 rule add priority 32573 type nop\n"
            "ip -6 rule add priority 32569 fwmark 0x1000 goto 32573\n"
            "ip -6 rule add priority 32572 from fd00::/64 table 51820\n");
}

TEST(PlanSourcesTest, TheTableOfTheFileIsUsedAndTheMarkIsStillAFreeNumber) {
  HostFacts facts = Facts();
  facts.tables_in_use = {51820};
  const Plan plan = PlanOf("Table = 7", "10.0.0.1", "10.5.0.0/16", facts);
  EXPECT_TRUE(Contains(plan, "ip -4 route add 10.5.0.0/16 dev wg0 table 7"));
  EXPECT_TRUE(Contains(plan, "ip -4 rule add priority 32572 from 10.0.0.1/32 table 7"));
  EXPECT_EQ(plan.fwmark, 0x1001u);
}

TEST(PlanSourcesTest, OfALocalNetworkAndAnAllowedPrefixTheLongerOneCounts) {
  HostFacts facts = Facts();
  facts.local_networks.networks = {{*Prefix::Parse("192.168.0.0/16"), true},
                                   {*Prefix::Parse("10.1.2.0/24"), true},
                                   {*Prefix::Parse("fe80::/10"), true}};
  const Plan plan = PlanOf("", "10.0.0.1", "10.0.0.0/8, 192.168.7.0/24", facts);
  EXPECT_TRUE(Contains(plan,
                       "ip -4 rule add priority 32571 from 10.0.0.1/32 to 10.1.2.0/24 table main "
                       "suppress_prefixlength 23"))
      << Policy(plan);
  EXPECT_EQ(Policy(plan).find("192.168.0.0/16"), std::string::npos)
      << "what the tunnel does not lead to is looked up in the main table anyway";
  const Plan all = PlanOf("", "10.0.0.1", "0.0.0.0/0, 192.168.7.0/24", facts);
  EXPECT_TRUE(Contains(
      all, "ip -4 rule add priority 32570 from 10.0.0.1/32 to 192.168.7.0/24 table 51820"));
  EXPECT_TRUE(Contains(all,
                       "ip -4 rule add priority 32571 from 10.0.0.1/32 to 192.168.0.0/16 table "
                       "main suppress_prefixlength 15"));
}

TEST(PlanSourcesTest, RulesForLocalNetworksAreBoundedAndItSaysSo) {
  HostFacts facts = Facts();
  for (uint8_t i = 0; i < 10; ++i) {
    facts.local_networks.networks.push_back(
        {*Prefix::Parse(fmt::format("192.168.{}.0/24", i)), true});
  }
  std::string sources;
  for (int i = 0; i < 256; ++i) sources += fmt::format(" 10.0.0.{}", i);
  const Plan plan = PlanOf("", sources, "0.0.0.0/0", facts);
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("8 of the local networks"), std::string::npos)
      << plan.warnings[0];
}

TEST(PlanSourcesTest, DatagramsOfATunnelThatWasThereBeforeKeepTheirWay) {
  HostFacts facts = Facts();
  facts.others = {{0x1000, RulePlace{32766, 0}}, {0, std::nullopt}};
  const Plan plan = PlanOf("", "10.0.0.1", "0.0.0.0/0", facts);
  EXPECT_EQ(plan.fwmark, 0x1001u);
  EXPECT_TRUE(Contains(plan, "ip -4 rule add priority 32564 fwmark 0x1001 goto 32568"))
      << Policy(plan);
  EXPECT_TRUE(Contains(plan, "ip -4 rule add priority 32564 fwmark 0x1000 goto 32568"));
}

TEST(PlanSourcesTest, MarksAreKeptWithTheConnectionAndForgedPacketsAreDroppedWhereAllIsTaken) {
  const auto nft = [](const Plan& plan) {
    std::string text;
    for (const Step& step : plan.steps) {
      if (step.apply && std::holds_alternative<action::ReplaceNftTable>(*step.apply)) {
        text += CommandsOf(*step.apply, "wg0");
      }
    }
    return text;
  };
  const std::string some = nft(PlanOf("Address = 10.9.9.9/32", "10.0.0.1", "10.5.0.0/16", Facts()));
  EXPECT_NE(some.find("ct mark set 0x1000"), std::string::npos);
  EXPECT_NE(some.find("ct mark 0x1000 meta mark set 0x1000"), std::string::npos);
  EXPECT_EQ(some.find("drop"), std::string::npos);
  const std::string all = nft(PlanOf("Address = 10.9.9.9/32", "10.0.0.1", "0.0.0.0/0", Facts()));
  EXPECT_NE(all.find("ip daddr 10.9.9.9 fib saddr type != local drop"), std::string::npos);
}

TEST(PlanSourcesTest, TheKernelIsToldToTakeMarksIntoAccountOnlyIfItDoesNot) {
  HostFacts facts = Facts();
  facts.sysctls["net/ipv4/conf/all/src_valid_mark"] = "0";
  const auto sets = [](const Plan& plan) {
    return std::ranges::any_of(plan.steps, [](const Step& step) {
      return step.apply && std::holds_alternative<action::SetSysctl>(*step.apply);
    });
  };
  EXPECT_TRUE(sets(PlanOf("", "10.0.0.1", "0.0.0.0/0", facts)));
  EXPECT_FALSE(sets(PlanOf("", "10.0.0.1", "0.0.0.0/0", Facts())));
  EXPECT_FALSE(sets(PlanOf("", "fd00::1", "::/0", facts)));
}

}  // namespace
}  // namespace ringwire::platform
