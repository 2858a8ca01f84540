#include "platform/gateway/plan/plan_port_forward.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "platform/gateway/plan/plan_return_path.h"

// Both ends of a port forward: PortForward on the gateway, ReturnPath on the server.
namespace ringwire::platform {
namespace {

ConfigFile Config(std::string_view gateway_lines, std::string_view allowed_ips,
                  std::string_view interface_lines = "Address = 10.77.0.1/24\nTable = off") {
  ConfigParse parse =
      ParseConfigFile(fmt::format("[Interface]\n{}\n[Gateway]\n{}\n[Peer]\nPublicKey = "
                                  "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = {}\n",
                                  interface_lines, gateway_lines, allowed_ips));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

HostFacts Facts() {
  HostFacts facts;
  facts.tables_in_use = {254, 255};
  facts.rule_priorities = {0, 32766, 32767};
  facts.sysctls = {{"net/ipv4/conf/all/rp_filter", "0"}, {"net/ipv4/conf/default/rp_filter", "0"}};
  return facts;
}

const NftTable* TableOf(const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    if (const auto* const replace = std::get_if<action::ReplaceNftTable>(&*step.apply)) {
      return &replace->table;
    }
  }
  return nullptr;
}

// The rules of one chain, one a line.
std::string RulesOf(const Plan& plan, std::string_view chain) {
  const NftTable* const table = TableOf(plan);
  if (table == nullptr) return {};
  std::string text;
  for (const NftChain& one : table->chains) {
    if (one.hook.chain != chain) continue;
    for (const NftRule& rule : one.rules) {
      std::string line;
      for (const NftExpression& expression : rule.expressions) {
        line += (line.empty() ? "" : " ") + NftText(expression);
      }
      text += line + "\n";
    }
  }
  return text;
}

// Where a rule stands, in front of the main table's or behind it, for its number.
std::string WithoutNumber(std::string command) {
  constexpr std::string_view kPriority = "priority ";
  const size_t at = command.find(kPriority);
  if (at == std::string::npos) return command;
  const size_t begin = at + kPriority.size();
  const size_t end = command.find(' ', begin);
  const bool front = std::stoul(command.substr(begin, end - begin)) < 32766;
  return command.replace(begin, end - begin, front ? "front" : "behind");
}

// Its commands but the nft table's.
std::string Commands(const Plan& plan, bool only_staying = false) {
  std::string text;
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value() || (only_staying && !step.stays_after_crash)) continue;
    const bool nft = std::holds_alternative<action::ReplaceNftTable>(*step.apply);
    text += (nft ? "nft" : WithoutNumber(CommandsOf(*step.apply, "wg0"))) + "\n";
  }
  return text;
}

TEST(PlanPortForwardTest, AConnectionToAPublicPortGoesToTheTargetAndNowhereElse) {
  const Plan plan =
      MakePlan("wg0", Config("PortForward = tcp/8080 -> 10.77.0.2:80", "10.77.0.2/32"), Facts());
  EXPECT_EQ(
      RulesOf(plan, "destinationnat"),
      "meta nfproto ipv4 fib daddr type local ip daddr != 10.77.0.1/32 tcp dport 8080 dnat ip "
      "to 10.77.0.2:80\n");
  EXPECT_EQ(RulesOf(plan, "outputnat"),
            "meta nfproto ipv4 ip daddr != 127.0.0.0/8 fib daddr type local ip daddr != "
            "10.77.0.1/32 tcp dport 8080 dnat ip to 10.77.0.2:80\n");
  EXPECT_TRUE(RulesOf(plan, "postmangle")
                  .ends_with("\noifname != \"wg0\" ct status dnat ct direction original ip daddr "
                             "10.77.0.2 meta l4proto tcp ct original proto-dst 8080 drop\n"))
      << RulesOf(plan, "postmangle");
  EXPECT_EQ(RulesOf(plan, "sourcenat"),
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.2/32 ip daddr "
            "10.77.0.2 udp sport 1024-65535 masquerade to :1024-32767\n"
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.2/32 ip daddr "
            "10.77.0.2 masquerade\n")
      << "the client keeps its address, unless it is the target itself";
  EXPECT_NE(RulesOf(plan, "forwardmangle"), "") << "this host is a router for it";
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanPortForwardTest, RangesKeepTheirOrder) {
  const Plan plan = MakePlan("wg0",
                             Config("PortForward = udp/5000-5010 -> [fd77::2]\n"
                                    "PortForward = udp/6000-6002 -> [fd77::2]:7000-7002\n"
                                    "PortForward = tcp/443 -> [fd77::2]:8443",
                                    "fd77::2/128"),
                             Facts());
  EXPECT_EQ(RulesOf(plan, "destinationnat"),
            "meta nfproto ipv6 fib daddr type local udp dport 5000-5010 dnat ip6 to fd77::2\n"
            "meta nfproto ipv6 fib daddr type local udp dport 6000-6002 dnat ip6 to "
            "[fd77::2]:udp dport map { 6000 : 7000, 6001 : 7001, 6002 : 7002 }\n"
            "meta nfproto ipv6 fib daddr type local tcp dport 443 dnat ip6 to [fd77::2]:8443\n");
}

TEST(PlanPortForwardTest, DatagramsUnderWayAreDecidedAboutAnewWhenTheRulesComeAndGo) {
  const Plan plan = MakePlan("wg0",
                             Config("PortForward = udp/5000-5003 -> 10.77.0.2\n"
                                    "PortForward = tcp/80 -> 10.77.0.2\n"
                                    "PortForward = udp/53 -> [fd77::2]:5353",
                                    "10.77.0.0/24, fd77::/64"),
                             Facts());
  const std::string text = CommandsOf(plan, "wg0");
  const size_t undo = text.find("# and to undo it:");
  const std::string forget =
      "sh -c 'for to in $(ip -4 -o address | sed \"s,.* inet6* \\([^/ ]*\\).*,\\1,\"); do for port "
      "in "
      "$(seq 5000 5003); do conntrack -D -p udp --orig-dst $to --orig-port-dst $port; done; done'\n"
      "sh -c 'for to in $(ip -6 -o address | sed \"s,.* inet6* \\([^/ ]*\\).*,\\1,\"); do "
      "conntrack -D -f ipv6 -p udp --orig-dst $to --orig-port-dst 53; done'\n";
  const std::string loaded = "ringwire-wg0 sourcenat '";
  EXPECT_GT(text.find(forget), text.rfind(loaded, undo)) << text;
  EXPECT_LT(text.find(forget), text.find("# ringwire creates wg0")) << text;
  EXPECT_NE(
      text.find("\nnft delete table inet ringwire-wg0\n"
                "sh -c 'for port in $(seq 5000 5003); do conntrack -D -p udp --reply-src "
                "10.77.0.2 --orig-port-dst $port; done'\n"
                "sh -c 'conntrack -D -f ipv6 -p udp --reply-src fd77::2 --orig-port-dst 53'\n",
                undo),
      std::string::npos)
      << text;
}

TEST(PlanPortForwardTest, ConnectionsByTcpAreLeftAlone) {
  const Plan plan =
      MakePlan("wg0", Config("PortForward = tcp/80 -> 10.77.0.2", "10.77.0.2/32"), Facts());
  EXPECT_EQ(CommandsOf(plan, "wg0").find("conntrack"), std::string::npos);
}

TEST(PlanPortForwardTest, MasqueradeIsOfThatPortOnly) {
  const Plan plan = MakePlan("wg0",
                             Config("PortForward = tcp/8080 -> 10.77.0.2:80\n"
                                    "PortForward = tcp/8081-8082 -> 10.77.0.2:80-81, masquerade",
                                    "10.77.0.0/24"),
                             Facts());
  EXPECT_EQ(RulesOf(plan, "sourcenat"),
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.0/24 ip daddr "
            "10.77.0.2 udp sport 1024-65535 masquerade to :1024-32767\n"
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.0/24 ip daddr "
            "10.77.0.2 masquerade\n"
            "oifname \"wg0\" ct status dnat ct direction original ip daddr 10.77.0.2 meta l4proto "
            "tcp ct original proto-dst 8081-8082 masquerade\n");
}

TEST(PlanPortForwardTest, SaysWhatThisHostCannotDo) {
  HostFacts facts = Facts();
  const ConfigFile config = Config("PortForward = tcp/80 -> [fd77::2], masquerade", "fd77::2/128");
  facts.has_ipv6 = false;
  const Plan plan = MakePlan("wg0", config, facts);
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_EQ(plan.warnings[0], "this host has no IPv6: the PortForward to fd77::2 is left out");
  EXPECT_EQ(RulesOf(plan, "destinationnat"), "");
}

TEST(PlanPortForwardTest, NamesTheInterfaceThatForwardsTheSamePort) {
  const ConfigFile config = Config(
      "PortForward = tcp/8080 -> 10.77.0.2:80\nPortForward = udp/5000-5003 -> 10.77.0.2\n"
      "PortForward = tcp/443 -> [fd77::2]",
      "10.77.0.2/32, fd77::2/128");
  const auto other = [](std::string_view line) {
    Reservation one;
    one.interface = "wg9";
    one.port_forwards =
        Config(fmt::format("PortForward = {}", line), "0.0.0.0/0, ::/0").gateway.port_forwards;
    return one;
  };
  HostFacts facts = Facts();
  facts.others = {other("tcp/5000-5003 -> 10.9.0.2"), other("udp/8080 -> 10.9.0.2"),
                  other("tcp/443 -> 10.9.0.2"), other("udp/5004 -> 10.9.0.2")};
  EXPECT_TRUE(MakePlan("wg0", config, facts).warnings.empty());
  facts.others.push_back(other("udp/5003-5010 -> 10.9.0.2"));
  const Plan plan = MakePlan("wg0", config, facts);
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_EQ(plan.warnings[0],
            "PortForward udp/5000-5003: the interface wg9 forwards that as well, and what arrives "
            "there goes to only one of the two (choose another port, or take the line out of the "
            "other file and `ringwire reload wg9`)");
  EXPECT_EQ(plan.port_forwards, config.gateway.port_forwards);
}

TEST(PlanReturnPathTest, AKillSwitchLetsAnswersIntoTheTunnel) {
  const std::string rules = RulesOf(
      MakePlan("wg0", Config("KillSwitch = on\nReturnPath = on", "0.0.0.0/0"), Facts()), "output");
  const size_t accepted = rules.find("ct direction reply ct mark 0x1020 meta mark 0x1020 accept\n");
  EXPECT_LT(accepted, rules.find("reject")) << rules;
  EXPECT_EQ(RulesOf(MakePlan("wg0", Config("KillSwitch = on", "0.0.0.0/0"), Facts()), "output")
                .find("0x1020"),
            std::string::npos);
}

TEST(PlanReturnPathTest, AnswersHaveATableOfTheirOwnWhichFailsClosed) {
  const Plan plan = MakePlan("wg0", Config("ReturnPath = on", "0.0.0.0/0, ::/0"), Facts());
  EXPECT_EQ(plan.fwmark, 0x1000u);
  EXPECT_EQ(
      Commands(plan),
      "nft\n"
      "ip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
      "ip -4 rule add priority front fwmark 0x1020 table 51820\n"
      "ip -6 route add unreachable ::/0 table 51820 metric 4294967295\n"
      "ip -6 rule add priority front fwmark 0x1020 table 51820\n"
      "# ringwire creates wg0, its sockets and its peers here\n"
      "ip address add 10.77.0.1/24 dev wg0\nip link set dev wg0 mtu 1420\nip link set dev wg0 up\n"
      "ip -4 route add 0.0.0.0/0 dev wg0 table 51820\n"
      "ip -4 rule add priority behind not fwmark 0x1040 table 51820\n"
      "ip -6 route add ::/0 dev wg0 table 51820\n"
      "ip -6 rule add priority behind not fwmark 0x1040 table 51820\n");
  EXPECT_EQ(Commands(plan, /*only_staying=*/true),
            "nft\nip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
            "ip -4 rule add priority front fwmark 0x1020 table 51820\n"
            "ip -6 route add unreachable ::/0 table 51820 metric 4294967295\n"
            "ip -6 rule add priority front fwmark 0x1020 table 51820\n");
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanReturnPathTest, OnlyAnswersAreMarked) {
  const Plan plan = MakePlan("wg0", Config("ReturnPath = on", "0.0.0.0/0"), Facts());
  EXPECT_EQ(RulesOf(plan, "premangle"),
            "iifname \"wg0\" ct direction original ct mark set 0x1020\n"
            "iifname \"wg0\" ct state { invalid, untracked } fib saddr oifname != \"wg0\" drop\n"
            "iifname \"wg0\" meta mark 0x1020 meta mark set 0x0\n"
            "iifname != \"wg0\" ct direction reply ct mark 0x1020 meta mark set 0x1020\n"
            "iifname \"wg0\" ip daddr 10.77.0.1 update @clients0 { ip saddr . udp sport . udp "
            "dport }\n"
            "iifname \"wg0\" ip daddr 10.77.0.1 ip saddr . udp sport . udp dport != @clients0 "
            "drop\n"
            "ip saddr . udp sport . udp dport @clients0 ip daddr != 10.77.0.1/32 fib daddr type "
            "local delete @clients0 { ip saddr . udp sport . udp dport }\n");
  EXPECT_EQ(RulesOf(plan, "outputroute"),
            "ct direction reply ct mark 0x1020 meta mark set 0x1020\n"
            "oifname \"wg0\" ct state new meta mark 0x0 meta mark set 0x1040\n");
  EXPECT_EQ(RulesOf(plan, "outputsource"),
            "meta mark != 0x1000 ip daddr . udp dport . udp sport @clients0 socket wildcard 1 ip "
            "saddr set 10.77.0.1\n");
  EXPECT_EQ(RulesOf(plan, "postmangle"),
            "oifname != \"wg0\" ct direction reply ct mark 0x1020 drop\n")
      << "if another program has changed the mark of the packet";
}

TEST(PlanReturnPathTest, TheSetsComeBeforeTheirRules) {
  const Plan plan = MakePlan(
      "wg0", Config("ReturnPath = on", "0.0.0.0/0, ::/0", "Address = fd77::1/64\nTable = off"),
      Facts());
  ASSERT_NE(TableOf(plan), nullptr);
  const std::string commands = ReplaceCommands(*TableOf(plan));
  EXPECT_EQ(commands.find("nft add set inet ringwire-wg0 clients0 '{ type ipv6_addr . inet_service "
                          ". inet_service; flags dynamic,timeout; timeout 120s; size 65535; }'\n"),
            commands.find("\nnft add set") + 1);
  const auto json = nlohmann::json::parse(ReplaceJson(*TableOf(plan)));
  EXPECT_EQ(json["nftables"][3]["add"]["set"]["name"], "clients0");
  EXPECT_EQ(json["nftables"][3]["add"]["set"]["type"][0], "ipv6_addr");
}

TEST(PlanReturnPathTest, NoMarkIsTheTunnelsOwnOrNone) {
  for (const std::string_view mark : {"0x20", "0x40", "0x60", "0x1"}) {
    const Plan plan = MakePlan(
        "wg0",
        Config("ReturnPath = on", "0.0.0.0/0", fmt::format("FwMark = {}\nTable = off", mark)),
        Facts());
    std::vector<uint32_t> marks = {0, plan.fwmark};
    for (const Step& step : plan.steps) {
      const auto* const add =
          step.apply.has_value() ? std::get_if<action::AddRule>(&*step.apply) : nullptr;
      if (add == nullptr) continue;
      const uint32_t one = add->rule.if_mark.value_or(add->rule.unless_mark.value_or(0));
      EXPECT_EQ(std::ranges::count(marks, one), 0) << mark;
      marks.push_back(one);
    }
    EXPECT_EQ(marks.size(), 4u);
  }
}

TEST(PlanReturnPathTest, AFullTunnelHasTheRoutesAlready) {
  const Plan plan =
      MakePlan("wg0", Config("ReturnPath = on", "0.0.0.0/0", "Address = 10.77.0.2/32"), Facts());
  const std::string commands = Commands(plan);
  for (const std::string_view once :
       {"ip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n",
        "ip -4 route add 0.0.0.0/0 dev wg0 table 51820\n",
        "ip -4 rule add priority front fwmark 0x1020 table 51820\n",
        "ip -4 rule add priority behind not fwmark 0x1040 table 51820\n"}) {
    const size_t at = commands.find(once);
    EXPECT_NE(at, std::string::npos) << once;
    EXPECT_EQ(commands.find(once, at + 1), std::string::npos) << once;
  }
  EXPECT_EQ(RulesOf(plan, "prerestore"), "meta l4proto udp ct mark 0x1000 meta mark set 0x1000\n")
      << "only the tunnel's own mark";
  EXPECT_EQ(RulesOf(plan, "premangle"),
            "iifname \"wg0\" ct direction original ct mark set 0x1020\n"
            "iifname \"wg0\" ct state { invalid, untracked } fib saddr oifname != \"wg0\" drop\n"
            "iifname \"wg0\" meta mark 0x1020 meta mark set 0x0\n"
            "iifname != \"wg0\" ct direction reply ct mark 0x1020 meta mark set 0x1020\n"
            "iifname \"wg0\" ip daddr 10.77.0.2 update @clients0 { ip saddr . udp sport . udp "
            "dport }\n"
            "iifname \"wg0\" ip daddr 10.77.0.2 ip saddr . udp sport . udp dport != @clients0 "
            "drop\n"
            "ip saddr . udp sport . udp dport @clients0 ip daddr != 10.77.0.2/32 fib daddr type "
            "local delete @clients0 { ip saddr . udp sport . udp dport }\n");
}

TEST(PlanReturnPathTest, AStrictCheckOfTheWayBackIsLoosened) {
  HostFacts facts = Facts();
  facts.sysctls["net/ipv4/conf/all/rp_filter"] = "1";
  facts.sysctls["net/ipv4/conf/default/rp_filter"] = "1";
  const Plan plan = MakePlan("wg0", Config("ReturnPath = on", "0.0.0.0/0"), facts);
  EXPECT_NE(Commands(plan).find("sysctl -w net/ipv4/conf/wg0/rp_filter=2\n"), std::string::npos);
  EXPECT_NE(Commands(plan).find("sysctl -w net/ipv4/conf/all/rp_filter=2\n"), std::string::npos);
  EXPECT_EQ(SysctlsOf(Config("ReturnPath = on", "0.0.0.0/0")),
            std::vector<std::string>{"net/ipv4/conf/*/rp_filter"});
  EXPECT_TRUE(NeedsPolicyFacts(Config("ReturnPath = on", "0.0.0.0/0")));
  EXPECT_FALSE(NeedsPolicyFacts(Config("ReturnPath = off", "0.0.0.0/0")));
}

TEST(PlanReturnPathTest, AStrictCheckOfASingleInterfaceIsLoosenedForAll) {
  const auto loosens = [](const char* interface, const char* value) {
    HostFacts facts = Facts();
    facts.sysctls[fmt::format("net/ipv4/conf/{}/rp_filter", interface)] = value;
    return Commands(MakePlan("wg0", Config("ReturnPath = on", "0.0.0.0/0"), facts))
               .find("sysctl -w net/ipv4/conf/all/rp_filter=2\n") != std::string::npos;
  };
  EXPECT_TRUE(loosens("lan0", "1"));
  EXPECT_TRUE(loosens("default", "1")) << "of an interface that is yet to come";
  EXPECT_FALSE(loosens("lan0", "0"));
  EXPECT_FALSE(loosens("lan0", "2"));
  EXPECT_FALSE(loosens("wg0", "1")) << "the tunnel's own is another step";
}

}  // namespace
}  // namespace ringwire::platform
