#include "platform/gateway/plan/leftovers.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {
namespace {

// The routes and rules that a plan of this file leaves in the kernel when it is killed.
struct Killed {
  std::vector<Route> routes;
  std::vector<Rule> rules;
  Reservation reservation;
};

Killed KilledOf(const std::string& interface_lines, const std::string& allowed,
                const std::string& gateway, const HostFacts& facts) {
  const ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\n{}\n[Peer]\nPublicKey = "
                  "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = {}\n[Gateway]\n{}\n",
                  interface_lines, allowed, gateway));
  EXPECT_TRUE(parse.errors.empty());
  const Plan plan = MakePlan("wg0", parse.config, facts);
  Killed killed;
  killed.reservation = {plan.fwmark, plan.place};
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    if (const auto* const route = std::get_if<action::AddRoute>(&*step.apply)) {
      if (route->route.type == Route::Type::kUnreachable) killed.routes.push_back(route->route);
    }
    if (const auto* const rule = std::get_if<action::AddRule>(&*step.apply)) {
      killed.rules.push_back(rule->rule);
    }
  }
  return killed;
}

HostFacts Facts() {
  HostFacts facts;
  facts.tables_in_use = {254, 255};
  facts.rule_priorities = {0, 32766, 32767};
  facts.local_networks.networks = {{*Prefix::Parse("192.0.2.0/24"), true}};
  facts.others = {{.udp_port = 51900}};
  return facts;
}

std::vector<Rule> RulesOfHost() {
  std::vector<Rule> rules;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    rules.insert(rules.end(), {{family, 0, 255}, {family, 32766, 254}, {family, 32767, 253}});
  }
  return rules;
}

void ExpectAllFound(const Killed& killed, const std::string& what) {
  std::vector<Rule> rules = RulesOfHost();
  rules.push_back({.family = IpFamily::kV4, .priority = 7, .table = 99, .if_mark = 5});
  rules.insert(rules.end(), killed.rules.begin(), killed.rules.end());
  std::vector<uint32_t> priorities;
  for (const Rule& rule : rules) priorities.push_back(rule.priority);
  const Leftovers found = FindLeftovers(killed.routes, rules, priorities);
  EXPECT_EQ(found.routes, killed.routes) << what;
  EXPECT_TRUE(std::ranges::is_permutation(found.rules, killed.rules)) << what;
  EXPECT_EQ(found.reservation.mark, killed.reservation.mark) << what;
  EXPECT_EQ(found.reservation.place, killed.reservation.place) << what;
}

TEST(LeftoversTest, FindsAllThatAKilledTunnelLeaves) {
  ExpectAllFound(KilledOf("", "0.0.0.0/0, ::/0", "", Facts()), "a full tunnel");
  ExpectAllFound(KilledOf("FwMark = 0x77", "0.0.0.0/0, ::/0", "", Facts()), "with a mark");
  ExpectAllFound(KilledOf("", "0.0.0.0/0, ::/0", "RouteFrom = 10.0.0.0/24, fd00::1", Facts()),
                 "some sources");
  ExpectAllFound(KilledOf("Table = off", "0.0.0.0/0", "ReturnPath = on", Facts()), "answers");
  HostFacts moved = Facts();
  moved.rule_priorities = {32765, 32766, 32767};
  moved.local_rules = {32765, 32765};
  const Killed first = KilledOf("", "0.0.0.0/0", "", moved);
  EXPECT_EQ(first.rules.front().table, 255U);
  ExpectAllFound(first, "the host's own addresses first");
}

TEST(LeftoversTest, TakesNothingElse) {
  const Killed killed = KilledOf("", "0.0.0.0/0", "", Facts());
  const std::vector<Rule> rules = RulesOfHost();
  EXPECT_EQ(FindLeftovers({}, killed.rules, {}), Leftovers()) << "the tunnel lives";
  EXPECT_EQ(FindLeftovers(killed.routes, rules, {}), Leftovers()) << "no rule leads there";
}

}  // namespace
}  // namespace ringwire::platform
