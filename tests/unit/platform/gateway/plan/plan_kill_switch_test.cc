#include "platform/gateway/plan/plan_kill_switch.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

ConfigFile Config(std::string_view kill_switch, std::string_view allowed_ips = "10.0.0.2/32",
                  std::string_view interface_lines = "") {
  ConfigParse parse = ParseConfigFile(fmt::format(
      "[Interface]\n{}\n[Gateway]\nKillSwitch = {}\n"
      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = {}\n",
      interface_lines, kill_switch, allowed_ips));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

HostFacts Facts() {
  HostFacts facts;
  facts.tables_in_use = {254, 255, 51820};
  facts.rule_priorities = {0, 32766, 32767};
  facts.local_networks.networks = {{*Prefix::Parse("192.0.2.0/24"), true},
                                   {*Prefix::Parse("2001:db8::/64"), true},
                                   {*Prefix::Parse("10.0.0.0/8"), false}};
  return facts;
}

const NftTable* TableOf(const Step& step) {
  const auto* const replace =
      step.apply.has_value() ? std::get_if<action::ReplaceNftTable>(&*step.apply) : nullptr;
  return replace != nullptr ? &replace->table : nullptr;
}

// Where in the plan the table is loaded; its size: nowhere.
size_t PlaceOfTable(const Plan& plan) {
  const auto found =
      std::ranges::find_if(plan.steps, [](const Step& step) { return TableOf(step) != nullptr; });
  return static_cast<size_t>(found - plan.steps.begin());
}

// The rules of a chain as a person types them, one a line.
std::string Rules(const Plan& plan, std::string_view chain) {
  std::string text;
  const size_t place = PlaceOfTable(plan);
  if (place == plan.steps.size()) return text;
  for (const NftChain& one : TableOf(plan.steps[place])->chains) {
    if (one.hook.chain != chain) continue;
    for (const NftRule& rule : one.rules) {
      for (const NftExpression& expression : rule.expressions) text += NftText(expression) + " ";
      text.back() = '\n';
    }
  }
  return text;
}

constexpr std::string_view kUplinkLives =
    "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, "
    "mld-listener-report, mld-listener-done, mld2-listener-report } accept\n"
    "meta l4proto igmp accept\n"
    "meta nfproto ipv4 udp sport 68 udp dport 67 accept\n"
    "meta nfproto ipv4 udp sport 67 udp dport 68 accept\n"
    "meta nfproto ipv6 udp sport 546 udp dport 547 accept\n"
    "meta nfproto ipv6 udp sport 547 udp dport 546 accept\n";
constexpr std::string_view kRefuse = "reject with icmpx admin-prohibited\n";
constexpr std::string_view kLocalNetworks =
    "ip daddr 169.254.0.0/16 accept\nip daddr 224.0.0.0/24 accept\n"
    "ip daddr 239.255.0.0/16 accept\nip daddr 255.255.255.255/32 accept\n"
    "ip6 daddr fe80::/10 accept\nip6 daddr ff02::/16 accept\n"
    "ip daddr 192.0.2.0/24 accept\nip6 daddr 2001:db8::/64 accept\n";

TEST(PlanKillSwitchTest, LetsTheTunnelAndItsDatagramsOutAndRefusesAllElse) {
  const Plan plan = MakePlan("wg0", Config("on"), Facts());
  EXPECT_EQ(Rules(plan, "output"),
            fmt::format("oifname \"lo\" accept\noifname \"wg0\" accept\n"
                        "meta l4proto udp meta mark 0x1001 meta skuid 0 accept\n{}{}",
                        kUplinkLives, kRefuse));
  EXPECT_EQ(Rules(plan, "forward"), fmt::format("oifname \"wg0\" accept\n{}", kRefuse));
  EXPECT_EQ(plan.fwmark, 0x1001u) << "of the sockets, also without a full tunnel";
  EXPECT_TRUE(plan.marks_questions);
}

TEST(PlanKillSwitchTest, LocalLetsTheConnectedNetworksThroughAlsoForwarded) {
  const Plan plan = MakePlan("wg0", Config("on, local"), Facts());
  EXPECT_TRUE(Rules(plan, "output").ends_with(fmt::format("{}{}", kLocalNetworks, kRefuse)));
  EXPECT_EQ(Rules(plan, "forward"),
            fmt::format("oifname \"wg0\" accept\n{}{}", kLocalNetworks, kRefuse));
}

TEST(PlanKillSwitchTest, DnsLetsMarkedQuestionsThroughAlsoByTcp) {
  EXPECT_NE(Rules(MakePlan("wg0", Config("dns, on"), Facts()), "output")
                .find("\ntcp dport 53 meta mark 0x1001 meta skuid 0 accept\n"),
            std::string::npos);
  EXPECT_EQ(Rules(MakePlan("wg0", Config("on"), Facts()), "output").find("tcp"), std::string::npos);
}

TEST(PlanKillSwitchTest, IsTheFirstStepAlsoBeforeHooksAndStaysAfterACrash) {
  const Plan plan = MakePlan("wg0", Config("on", "0.0.0.0/0", "PreUp = a\nPostDown = b"), Facts());
  ASSERT_EQ(PlaceOfTable(plan), 0u);
  EXPECT_TRUE(plan.steps[0].stays_after_crash);
  EXPECT_EQ(plan.steps[0].undo, Action(action::DeleteNftTable{"ringwire-wg0"}));
  EXPECT_NE(Rules(plan, "prerestore"), "") << "the rules of a full tunnel are in the same table";
}

TEST(PlanKillSwitchTest, LetsTunnelsThroughThatHaveOneThemselves) {
  HostFacts facts = Facts();
  facts.switches = SwitchesAmong({{.mark = 7, .interface = "wg3"},
                                  {.mark = 8, .kill_switch = true, .interface = "wg1"},
                                  {.kill_switch = true, .interface = "wg2"}});
  const Plan plan = MakePlan("wg0", Config("on"), facts);
  EXPECT_TRUE(plan.kill_switch);
  const std::string sealed =
      fmt::format("meta l4proto udp meta mark 0x8 meta skuid 0 accept\n{}", kRefuse);
  EXPECT_TRUE(Rules(plan, "output")
                  .ends_with(fmt::format("oifname \"wg1\" accept\nudp dport 53 meta mark 0x8 {}{}",
                                         kRefuse, sealed)))
      << Rules(plan, "output");
  EXPECT_TRUE(Rules(MakePlan("wg0", Config("on, dns"), facts), "output")
                  .ends_with("oifname \"wg1\" accept\n" + sealed));
  EXPECT_EQ(Rules(plan, "forward"),
            fmt::format("oifname \"wg0\" accept\noifname \"wg1\" accept\n{}", kRefuse));
  EXPECT_EQ(plan.warnings.size(), 0u);

  const Plan inside = MakePlan("wg0", Config("on\nNamespace = vpn"), facts);
  EXPECT_EQ(Rules(inside, "output").find("wg1"), std::string::npos) << "it has no others";
  EXPECT_FALSE(inside.kill_switch);
  for (const Plan& other : {inside, MakePlan("wg0", Config("off"), facts)}) {
    ASSERT_EQ(other.warnings.size(), 1u);
    EXPECT_TRUE(other.warnings[0].starts_with("the kill switch of wg1 blocks the datagrams of"));
  }
}

TEST(PlanKillSwitchTest, ContainersTalkToEachOtherAndToThisHost) {
  HostFacts facts = Facts();
  facts.inner_links.links = {
      {"br0", true, {*Prefix::Parse("172.18.0.0/16"), *Prefix::Parse("fe80::/64")}},
      {"ve-c", false, {*Prefix::Parse("10.9.0.0/28")}}};
  const Plan plan = MakePlan("wg0", Config("on"), facts);
  EXPECT_EQ(Rules(plan, "forward"), fmt::format("oifname \"wg0\" accept\n"
                                                "oifname \"br0\" ip daddr 172.18.0.0/16 accept\n"
                                                "oifname \"br0\" ip6 daddr fe80::/64 accept\n"
                                                "iifname \"br0\" oifname \"br0\" accept\n"
                                                "oifname \"ve-c\" ip daddr 10.9.0.0/28 accept\n{}",
                                                kRefuse));
  const std::string output = Rules(plan, "output");
  EXPECT_TRUE(
      output.ends_with(fmt::format("oifname \"ve-c\" ip6 daddr ff02::/16 accept\n"
                                   "oifname \"ve-c\" ip daddr 10.9.0.0/28 accept\n{}",
                                   kRefuse)))
      << output;
  EXPECT_NE(output.find("oifname \"br0\" ip daddr 172.18.0.0/16 accept\n"), std::string::npos);
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanKillSwitchTest, TheTunnelsOwnWayOutIsNoInnerLink) {
  HostFacts facts = Facts();
  facts.inner_links.links = {{"eth0", false, {*Prefix::Parse("192.0.2.0/24")}}};
  ConfigFile config = Config("on");
  config.peers[0].endpoint = EndpointName::Parse("192.0.2.1:51820");
  EXPECT_EQ(Rules(MakePlan("wg0", config, facts), "output").find("eth0"), std::string::npos);
  config.peers[0].endpoint = EndpointName::Parse("198.51.100.1:51820");
  EXPECT_NE(Rules(MakePlan("wg0", config, facts), "output").find("eth0"), std::string::npos);
  config.peers[0].endpoint = EndpointName::Parse("gw.example:51820");
  EXPECT_EQ(Rules(MakePlan("wg0", config, facts), "output").find("eth0"), std::string::npos)
      << "it may be anywhere";
  facts.inner_links = {{}, 3};
  EXPECT_EQ(
      MakePlan("wg0", Config("on"), facts).warnings,
      std::vector<std::string>{"KillSwitch: 3 more bridges and pairs of this host are closed, "
                               "as only 64 can stay open"});
}

TEST(PlanKillSwitchTest, WithoutTheUserOfSocketsTheMarkAloneDecides) {
  HostFacts facts = Facts();
  facts.socket_uid = std::nullopt;
  EXPECT_NE(Rules(MakePlan("wg0", Config("on"), facts), "output")
                .find("meta l4proto udp meta mark 0x1001 accept\n"),
            std::string::npos);
  facts.socket_uid = 107;
  EXPECT_NE(Rules(MakePlan("wg0", Config("on"), facts), "output")
                .find("meta l4proto udp meta mark 0x1001 meta skuid 107 accept\n"),
            std::string::npos);
}

TEST(PlanKillSwitchTest, UsesTheMarkThatIsConfigured) {
  const Plan plan = MakePlan("wg0", Config("on", "10.0.0.2/32", "FwMark = 7"), Facts());
  EXPECT_EQ(plan.fwmark, 7u);
  EXPECT_NE(Rules(plan, "output").find("meta l4proto udp meta mark 0x7 meta skuid 0 accept\n"),
            std::string::npos);
}

TEST(PlanKillSwitchTest, InANamespaceNoDatagramOfTheTunnelIsToBeLetThrough) {
  const Plan plan = MakePlan("wg0", Config("on, dns\nNamespace = vpn"), Facts());
  EXPECT_EQ(
      Rules(plan, "output"),
      fmt::format("oifname \"lo\" accept\noifname \"wg0\" accept\n{}{}", kUplinkLives, kRefuse));
  EXPECT_EQ(plan.fwmark, 0u);
}

TEST(PlanKillSwitchTest, OffThereIsNoTable) {
  const Plan plan = MakePlan("wg0", Config("off"), Facts());
  EXPECT_EQ(PlaceOfTable(plan), plan.steps.size());
  EXPECT_EQ(plan.fwmark, 0u);
  EXPECT_FALSE(plan.marks_questions);
}

TEST(PlanKillSwitchTest, WithoutOneAPredecessorsIsReplacedLast) {
  HostFacts facts = Facts();
  const ConfigFile config =
      Config("off", "0.0.0.0/0", "Address = 10.0.0.1/24\nPreUp = a\nPostUp = b");
  EXPECT_EQ(PlaceOfTable(MakePlan("wg0", config, facts)), 1u) << "after PreUp";
  facts.predecessor_kill_switch = true;
  const Plan plan = MakePlan("wg0", config, facts);
  EXPECT_EQ(PlaceOfTable(plan), plan.steps.size() - 1);
  EXPECT_FALSE(plan.steps.back().stays_after_crash);
  const Plan other = MakePlan("wg0", Config("off\nReturnPath = on"), facts);
  EXPECT_EQ(PlaceOfTable(other), other.steps.size() - 1) << "also with a table that stays itself";
  EXPECT_EQ(PlaceOfTable(MakePlan("wg0", Config("on"), facts)), 0U);
}

TEST(PlanKillSwitchTest, DryRunTypesTheSwitchFirstAndLiftsItLast) {
  const std::string text =
      CommandsOf(MakePlan("wg0", Config("on", "10.0.0.2/32", "PostDown = b"), Facts()), "wg0");
  EXPECT_TRUE(text.starts_with("nft add table inet ringwire-wg0\n")) << text;
  EXPECT_NE(text.find("nft add rule inet ringwire-wg0 output 'oifname \"lo\" accept'\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(
      text.ends_with("b\nnft add table inet ringwire-wg0\nnft delete table inet ringwire-wg0\n"))
      << text;
}

TEST(PlanKillSwitchTest, WithoutTheProgramNftItIsRefused) {
  HostFacts facts = Facts();
  facts.has_nft = false;
  EXPECT_EQ(MakePlan("wg0", Config("on"), facts).refusal,
            "cannot load the nft table ringwire-wg0: this host has no `nft`; install the package "
            "`nftables`");
  EXPECT_EQ(MakePlan("wg0", Config("off"), facts).refusal, "") << "that one needs no table";
}

}  // namespace
}  // namespace ringwire::platform
