#include "platform/gateway/plan/plan.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kPeer =
    "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";
constexpr char kSourceValidMark[] = "net/ipv4/conf/all/src_valid_mark";

ConfigFile Parse(const std::string& text) {
  ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

ConfigFile Config(std::string_view interface_lines, std::string_view peer_lines) {
  return Parse(fmt::format("[Interface]\n{}\n{}{}\n", interface_lines, kPeer, peer_lines));
}

HostFacts Facts() {
  HostFacts facts;
  facts.tables_in_use = {254, 255};
  facts.rule_priorities = {0, 32766, 32767};
  facts.local_networks.networks = {{*Prefix::Parse("192.0.2.0/24"), true},
                                   {*Prefix::Parse("fe80::/10"), true}};
  facts.sysctls[kSourceValidMark] = "0";
  return facts;
}

// The commands that a plan applies, one a line; comments left out.
std::string Applied(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    if (std::holds_alternative<action::CreateInterface>(*step.apply)) {
      text += "create\n";
    } else {
      text += CommandsOf(*step.apply, "wg0") + "\n";
    }
  }
  return text;
}

std::string Undone(const Plan& plan) {
  std::string text;
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (step->undo.has_value()) text += CommandsOf(*step->undo, "wg0") + "\n";
  }
  return text;
}

TEST(PlanTest, AddressesThenTheLinkThenRoutesThatNoAddressBringsAlong) {
  const Plan plan =
      MakePlan("wg0",
               Config("Address = 10.77.0.1/24, fd77::1/64\nMTU = 1380",
                      "AllowedIPs = 10.77.0.2/32, fd77::2/128, 192.168.0.0/16, 192.168.7.0/24\n"
                      "AllowedIPs = 192.168.7.0/24, fd88::/48"),
               Facts());
  EXPECT_EQ(Applied(plan),
            "create\n"
            "ip address add 10.77.0.1/24 dev wg0\n"
            "ip address add fd77::1/64 dev wg0\n"
            "ip link set dev wg0 mtu 1380\n"
            "ip link set dev wg0 up\n"
            "ip -6 route add fd88::/48 dev wg0\n"
            "ip -4 route add 192.168.7.0/24 dev wg0\n"
            "ip -4 route add 192.168.0.0/16 dev wg0\n");
  EXPECT_EQ(Undone(plan),
            "ip -4 route delete 192.168.0.0/16 dev wg0\n"
            "ip -4 route delete 192.168.7.0/24 dev wg0\n"
            "ip -6 route delete fd88::/48 dev wg0\n"
            "ip address delete fd77::1/64 dev wg0\n"
            "ip address delete 10.77.0.1/24 dev wg0\n"
            "ip link delete dev wg0\n");
  EXPECT_EQ(plan.fwmark, 0u);
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanTest, TheMtuIsWhatTheWayToThePeersLeaves) {
  const auto mtu_of = [](std::optional<uint32_t> path_mtu, std::string_view lines = "") {
    HostFacts facts = Facts();
    facts.path_mtu = path_mtu;
    const std::string text = Applied(MakePlan("wg0", Config(lines, ""), facts));
    return text.substr(0, text.find(" up\n"));
  };
  EXPECT_EQ(mtu_of(std::nullopt), "create\nip link set dev wg0 mtu 1420\nip link set dev wg0");
  EXPECT_EQ(mtu_of(1500), "create\nip link set dev wg0 mtu 1420\nip link set dev wg0");
  EXPECT_EQ(mtu_of(9000), "create\nip link set dev wg0 mtu 8920\nip link set dev wg0");
  EXPECT_EQ(mtu_of(1361), "create\nip link set dev wg0 mtu 1281\nip link set dev wg0");
  EXPECT_EQ(mtu_of(1300), "create\nip link set dev wg0 mtu 1280\nip link set dev wg0");
  EXPECT_EQ(mtu_of(40), "create\nip link set dev wg0 mtu 1280\nip link set dev wg0");
  EXPECT_EQ(mtu_of(9000, "MTU = 1200"),
            "create\nip link set dev wg0 mtu 1200\nip link set dev wg0");
}

TEST(PlanTest, ATableOfItsOwnGetsEveryRouteAlsoTheDefaultOneAndNoRule) {
  const Plan plan = MakePlan(
      "wg0", Config("Address = 10.0.0.1/8\nTable = 7", "AllowedIPs = 10.1.0.0/16, 0.0.0.0/0"),
      Facts());
  EXPECT_EQ(Applied(plan),
            "create\nip address add 10.0.0.1/8 dev wg0\nip link set dev wg0 mtu 1420\n"
            "ip link set dev wg0 up\nip -4 route add 10.1.0.0/16 dev wg0 table 7\n"
            "ip -4 route add 0.0.0.0/0 dev wg0 table 7\n");
  EXPECT_EQ(plan.fwmark, 0u);
}

TEST(PlanTest, TableOffMeansNoRoutes) {
  const Plan plan =
      MakePlan("wg0", Config("Table = off", "AllowedIPs = 0.0.0.0/0, 10.1.0.0/16"), Facts());
  EXPECT_EQ(Applied(plan), "create\nip link set dev wg0 mtu 1420\nip link set dev wg0 up\n");
}

TEST(PlanTest, APrefixThatIsTakenBackGetsNoRoute) {
  const Plan plan =
      MakePlan("wg0", Config("", "AllowedIPs = +10.1.0.0/16, +10.2.0.0/16, -10.1.0.0/16"), Facts());
  EXPECT_EQ(Applied(plan),
            "create\nip link set dev wg0 mtu 1420\nip link set dev wg0 up\n"
            "ip -4 route add 10.2.0.0/16 dev wg0\n");
}

TEST(PlanTest, AFullTunnelFailsClosedBeforeItCarriesTraffic) {
  const Plan plan =
      MakePlan("wg0", Config("Address = 10.77.0.1/24", "AllowedIPs = 0.0.0.0/0"), Facts());
  EXPECT_EQ(plan.fwmark, 0x1000u) << "known before the first socket is made";
  EXPECT_EQ(
      Applied(plan),
      "nft add table inet ringwire-wg0\n"
      "nft delete table inet ringwire-wg0\n"
      "nft add table inet ringwire-wg0\n"
      "nft add chain inet ringwire-wg0 preraw '{ type filter hook prerouting priority -300; "
      "policy accept; }'\n"
      "nft add rule inet ringwire-wg0 preraw 'iifname != \"wg0\" ip daddr 10.77.0.1 fib saddr type "
      "!= local drop'\n"
      "nft add rule inet ringwire-wg0 preraw 'meta l4proto udp socket mark 0x1000 meta mark set "
      "0x1000'\n"
      "nft add chain inet ringwire-wg0 prerestore '{ type filter hook prerouting priority -151; "
      "policy accept; }'\n"
      "nft add rule inet ringwire-wg0 prerestore 'meta l4proto udp ct mark 0x1000 meta mark set "
      "0x1000'\n"
      "nft add chain inet ringwire-wg0 postmangle '{ type filter hook postrouting priority -150; "
      "policy accept; }'\n"
      "nft add rule inet ringwire-wg0 postmangle 'meta l4proto udp meta mark 0x1000 ct mark set "
      "0x1000'\n"
      "nft add chain inet ringwire-wg0 output '{ type filter hook output priority 0; policy "
      "accept; }'\n"
      "nft add rule inet ringwire-wg0 output 'meta nfproto ipv4 meta oiftype ether meta mark != "
      "0x1000 ip daddr != 169.254.0.0/16 ip daddr != 224.0.0.0/4 ip daddr != 255.255.255.255/32 "
      "rt ip nexthop != 192.0.2.0/24 ip daddr != 192.0.2.0/24 reject with icmpx "
      "admin-prohibited'\n"
      "create\nip address add 10.77.0.1/24 dev wg0\nip link set dev wg0 mtu 1420\nip link set dev "
      "wg0 up\n"
      "sysctl -w net/ipv4/conf/all/src_valid_mark=1\n"
      "ip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
      "ip -4 route add 0.0.0.0/0 dev wg0 table 51820\n"
      "ip -4 rule add priority 32762 to 192.0.2.0/24 table main suppress_prefixlength 23\n"
      "ip -4 rule add priority 32763 not fwmark 0x1000 table 51820\n");
  EXPECT_EQ(Undone(plan),
            "ip -4 rule delete priority 32763 not fwmark 0x1000 table 51820\n"
            "ip -4 rule delete priority 32762 to 192.0.2.0/24 table main suppress_prefixlength "
            "23\n"
            "ip -4 route delete 0.0.0.0/0 dev wg0 table 51820\n"
            "ip -4 route delete unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
            "sysctl -w net/ipv4/conf/all/src_valid_mark=0\n"
            "ip address delete 10.77.0.1/24 dev wg0\nip link delete dev wg0\n"
            "nft add table inet ringwire-wg0\nnft delete table inet ringwire-wg0\n");
}

TEST(PlanTest, OnlyWhatFailsClosedStaysAfterACrash) {
  const Plan plan =
      MakePlan("wg0", Config("", "AllowedIPs = 0.0.0.0/0, ::/0, 10.0.0.0/8"), Facts());
  std::string staying;
  for (const Step& step : plan.steps) {
    if (step.stays_after_crash) staying += CommandsOf(*step.apply, "wg0") + "\n";
  }
  EXPECT_EQ(staying,
            "ip -4 route add unreachable 0.0.0.0/0 table 51820 metric 4294967295\n"
            "ip -4 rule add priority 32762 to 192.0.2.0/24 table main suppress_prefixlength 23\n"
            "ip -4 rule add priority 32763 not fwmark 0x1000 table 51820\n"
            "ip -6 route add unreachable ::/0 table 51820 metric 4294967295\n"
            "ip -6 rule add priority 32762 to fe80::/10 table main suppress_prefixlength 9\n"
            "ip -6 rule add priority 32763 not fwmark 0x1000 table 51820\n"
            "ip -6 rule add priority 32764 not fwmark 0x1000 type unreachable\n");
}

TEST(PlanTest, TakesTheFirstFreeTableAndGoesInFrontOfOtherRules) {
  HostFacts facts = Facts();
  facts.tables_in_use = {51820, 254, 51821, 51823};
  facts.rule_priorities = {0, 100, 32766, 200};
  const Plan plan = MakePlan("wg0", Config("", "AllowedIPs = ::/0"), facts);
  EXPECT_EQ(plan.fwmark, 0x1002u);
  EXPECT_NE(Applied(plan).find("ip -6 rule add priority 96 to fe80::/10 table main"),
            std::string::npos);
  EXPECT_NE(Applied(plan).find("ip -6 rule add priority 97 not fwmark 0x1002 table 51822"),
            std::string::npos);
}

TEST(PlanTest, TheMarkOfTheFileIsTheTableAsWithWgQuick) {
  const Plan plan = MakePlan("wg0", Config("FwMark = 0x10", "AllowedIPs = 0.0.0.0/0"), Facts());
  EXPECT_EQ(plan.fwmark, 16u);
  EXPECT_NE(Applied(plan).find("not fwmark 0x10 table 16"), std::string::npos);
}

TEST(PlanTest, ARestartTakesTheTableAndTheRulesThatHeldTheWayClosed) {
  HostFacts facts = Facts();
  facts.tables_in_use = {51820, 51821};
  facts.rule_priorities = {0, 32762, 32763, 32764, 32765, 32766};
  facts.predecessor = {0x1001, RulePlace{32762, 0}};
  const Plan plan = MakePlan("wg0", Config("", "AllowedIPs = 0.0.0.0/0"), facts);
  EXPECT_EQ(plan.fwmark, 0x1001u);
  EXPECT_NE(Applied(plan).find("priority 32759 not fwmark 0x1001 table 51821"), std::string::npos);
}

TEST(PlanTest, ARouteAroundTheTunnelHasAGatewayAndABoundSocketHasNone) {
  const ConfigFile config = Config("", "AllowedIPs = 0.0.0.0/0, ::/0");
  HostFacts facts = Facts();
  facts.uplinks = {.v4 = true, .v6 = true, .gateways = {*IpAddress::Parse("198.18.0.1")}};
  const std::string commands = Applied(MakePlan("wg0", config, facts));
  EXPECT_NE(commands.find("rt ip nexthop != 198.18.0.1/32"), std::string::npos)
      << "a gateway outside the networks of the link\n"
      << commands;
  facts.uplinks.v4_without_gateway = true;
  EXPECT_EQ(Applied(MakePlan("wg0", config, facts)).find("nexthop"), std::string::npos)
      << "all of its routes look like that";
}

TEST(PlanTest, AFullTunnelOfOneFamilySaysWhereTheOtherGoes) {
  const auto warnings = [](std::string_view allowed, bool v4, bool v6,
                           std::string_view gateway = "") {
    HostFacts facts = Facts();
    facts.uplinks.v4 = v4;
    facts.uplinks.v6 = v6;
    const ConfigFile config = Config("", fmt::format("AllowedIPs = {}\n{}", allowed, gateway));
    return MakePlan("wg0", config, facts).warnings;
  };
  ASSERT_EQ(warnings("0.0.0.0/0", true, true).size(), 1U);
  EXPECT_TRUE(warnings("0.0.0.0/0", true, true)[0].starts_with("IPv6 traffic leaves this host"));
  ASSERT_EQ(warnings("::/0", true, true).size(), 1U);
  EXPECT_TRUE(warnings("::/0", true, true)[0].starts_with("IPv4 traffic leaves this host"));
  EXPECT_TRUE(warnings("0.0.0.0/0", true, false).empty());
  EXPECT_TRUE(warnings("0.0.0.0/0, ::/0", true, true).empty());
  EXPECT_TRUE(warnings("10.0.0.0/8", true, true).empty());
  EXPECT_TRUE(warnings("0.0.0.0/0", true, true, "[Gateway]\nKillSwitch = on").empty());
}

TEST(PlanTest, NameServersOfTheTunnelTakeItAndThoseOfTheLanAreNamed) {
  HostFacts facts = Facts();
  facts.dns_program = DnsProgram::kResolvectl;
  facts.name_servers = {*IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("198.51.100.1")};
  const Plan hostile = MakePlan("wg0", Config("DNS = 192.0.2.53", "AllowedIPs = 0.0.0.0/0"), facts);
  EXPECT_NE(Applied(hostile).find("priority 32761 to 192.0.2.53/32 table 51820"), std::string::npos)
      << Applied(hostile);
  ASSERT_EQ(hostile.warnings.size(), 1U);
  EXPECT_NE(hostile.warnings[0].find("192.0.2.53 is also an address of 192.0.2.0/24"),
            std::string::npos);
  const Plan without = MakePlan("wg0", Config("", "AllowedIPs = 0.0.0.0/0"), facts);
  ASSERT_EQ(without.warnings.size(), 1U);
  EXPECT_NE(without.warnings[0].find("this host asks 192.0.2.1 in the local network 192.0.2.0/24"),
            std::string::npos);
  const Plan linked = MakePlan("wg0", Config("DNS = fe80::1%eth0", "AllowedIPs = ::/0"), facts);
  EXPECT_EQ(Applied(linked).find("to fe80::1"), std::string::npos) << "it can only be that link's";
}

TEST(PlanTest, AServersAnswersGoTheWayOnWhichItsPeersCome) {
  const std::string rule =
      "ip -4 rule add priority 32760 iif lo ipproto udp sport 51900 goto 32765\n";
  const ConfigFile config = Config("", "AllowedIPs = 0.0.0.0/0");
  const Reservation server{.udp_port = 51900, .is_server = true, .interface = "wgs"};
  HostFacts facts = Facts();
  facts.others = {server};
  facts.servers = {server};
  const std::string before = Applied(MakePlan("wg0", config, facts));
  EXPECT_NE(before.find(rule), std::string::npos) << before;
  EXPECT_EQ(before.find(rule), before.rfind(rule));
  EXPECT_NE(before.find("'iifname != \"wg0\" udp dport 51900 fib daddr type local meta mark set "
                        "0x1000'"),
            std::string::npos)
      << "a strict check of the way back finds the same way\n"
      << before;
  facts.others.clear();
  EXPECT_NE(Applied(MakePlan("wg0", config, facts)).find(rule), std::string::npos)
      << "also one that came later";
  facts.servers[0].mark = 0x77;
  const std::string marked = Applied(MakePlan("wg0", config, facts));
  EXPECT_EQ(marked.find("ipproto"), std::string::npos);
  EXPECT_NE(marked.find("ip -4 rule add priority 32760 fwmark 0x77 goto 32765\n"),
            std::string::npos)
      << marked;
}

TEST(PlanTest, AnEarlierTunnelKeepsItsWayAndALaterOneThatBeginsDoesNot) {
  const ConfigFile config = Config("", "AllowedIPs = 0.0.0.0/0");
  const Reservation client{.udp_port = 51901, .interface = "wgc"};
  HostFacts facts = Facts();
  facts.others = {client};
  EXPECT_NE(Applied(MakePlan("wg0", config, facts)).find("sport 51901"), std::string::npos);
  EXPECT_TRUE(ServersAmong({client}).empty());
}

// The kernel's documentation of VRFs and some CNIs move the rule away from priority 0.
TEST(PlanTest, TheHostsOwnAddressesStayItsOwnWhereverItsRuleForThemStands) {
  const ConfigFile config = Config("", "AllowedIPs = 0.0.0.0/0");
  HostFacts facts = Facts();
  facts.local_rules = {0, 0};
  EXPECT_EQ(Applied(MakePlan("wg0", config, facts)).find("table 255"), std::string::npos);
  facts.rule_priorities = {100, 32766, 32767};
  facts.local_rules = {100, 100};
  const std::string behind = Applied(MakePlan("wg0", config, facts));
  EXPECT_EQ(behind.find("table 255"), std::string::npos) << behind;
  EXPECT_NE(behind.find("ip -4 rule add priority 32763 not fwmark 0x1000 table 51820"),
            std::string::npos)
      << "the rule for local is no ceiling\n"
      << behind;
  facts.rule_priorities = {32765, 32766, 32767};
  facts.local_rules = {32765, 32765};
  const std::string before = Applied(MakePlan("wg0", config, facts));
  EXPECT_NE(before.find("ip -4 rule add priority 32381 table 255\n"), std::string::npos) << before;
  EXPECT_EQ(before.find("ip -6 rule add priority 32381"), std::string::npos) << "no rules of IPv6";
}

TEST(PlanTest, ASysctlThatIsRightIsLeftAlone) {
  HostFacts facts = Facts();
  facts.sysctls[kSourceValidMark] = "1";
  const Plan plan = MakePlan("wg0", Config("", "AllowedIPs = 0.0.0.0/0"), facts);
  EXPECT_EQ(Applied(plan).find("sysctl"), std::string::npos);
  EXPECT_EQ(Undone(plan).find("sysctl"), std::string::npos);
}

TEST(PlanTest, AHostWithoutIpv6GetsAWarningInsteadOfRoutes) {
  HostFacts facts = Facts();
  facts.has_ipv6 = false;
  const Plan plan = MakePlan("wg0", Config("", "AllowedIPs = 10.0.0.0/8, fd00::/8"), facts);
  EXPECT_EQ(Applied(plan).find("fd00"), std::string::npos);
  EXPECT_EQ(plan.warnings.size(), 1u);
}

TEST(PlanTest, HooksRunInTheOrderOfTheFileAtTheirMoment) {
  const Plan plan = MakePlan(
      "wg0",
      Config("PreUp = a %i\nPreUp = b\nPostUp = c %i%i\nPreDown = d\nPreDown = e\nPostDown = f\n"
             "PostDown = g %%i",
             ""),
      Facts());
  EXPECT_EQ(Applied(plan),
            "a wg0\nb\ncreate\nip link set dev wg0 mtu 1420\nip link set dev wg0 up\nc wg0wg0\n");
  EXPECT_EQ(Undone(plan), "d\ne\nip link delete dev wg0\nf\ng %wg0\n");
  EXPECT_FALSE(plan.steps[0].apply.has_value()) << "PostDown also follows a PreUp that fails";
  EXPECT_FALSE(plan.steps[1].apply.has_value());
}

TEST(PlanTest, TheSameHookTwiceIsTwoHooks) {
  const Plan plan =
      MakePlan("wg0", Config("PostDown = a\nPostDown = b\nPostDown = a", ""), Facts());
  EXPECT_EQ(Undone(plan), "ip link delete dev wg0\na\nb\na\n");
  EXPECT_NE(plan.steps[0].undo, plan.steps[2].undo) << "each is recorded";
}

TEST(PlanTest, DomainsWithoutAServerLeaveTheHostItsOwnServers) {
  HostFacts facts = Facts();
  facts.dns_program = DnsProgram::kResolvectl;
  const Plan plan = MakePlan("wg0", Config("DNS = corp.example", ""), facts);
  EXPECT_EQ(Applied(plan).find("resolvectl"), std::string::npos) << Applied(plan);
}

TEST(PlanTest, DnsGoesToTheProgramThatTheHostHas) {
  const ConfigFile config = Config("DNS = 10.0.0.53, fd00::53, lan, ~corp", "");
  HostFacts facts = Facts();
  EXPECT_EQ(MakePlan("wg0", config, facts).warnings.size(), 1u) << "it is said";
  facts.dns_program = DnsProgram::kResolvconf;
  facts.resolvconf_prefix = "tun.";
  const Plan resolvconf = MakePlan("wg0", config, facts);
  EXPECT_NE(
      Applied(resolvconf)
          .find("printf '%s\\n' 'nameserver 10.0.0.53' 'nameserver fd00::53' 'search lan ~corp' | "
                "resolvconf -a tun.wg0 -m 0 -x\n"),
      std::string::npos)
      << Applied(resolvconf);
  EXPECT_NE(Undone(resolvconf).find("resolvconf -d tun.wg0 -f\n"), std::string::npos);
  facts.dns_program = DnsProgram::kResolvectl;
  const Plan resolvectl = MakePlan("wg0", config, facts);
  EXPECT_NE(
      Applied(resolvectl)
          .find("resolvectl dns wg0 10.0.0.53 fd00::53\nresolvectl domain wg0 lan '~corp' '~.'\n"),
      std::string::npos);
  EXPECT_NE(Undone(resolvectl).find("resolvectl revert wg0\n"), std::string::npos);
}

TEST(PlanTest, PrintsWhatAPersonWouldTypeAndHowToUndoIt) {
  const Plan plan = MakePlan(
      "wg0", Config("Address = 10.77.0.1/24\nPostDown = bye", "AllowedIPs = ::/0"), Facts());
  const std::string text = CommandsOf(plan, "wg0");
  EXPECT_NE(text.find("# ringwire creates wg0, its sockets and its peers here\n"
                      "wg set wg0 fwmark 0x1000\nip address add 10.77.0.1/24 dev wg0\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# and to undo it:\nip -6 rule delete priority 32764"), std::string::npos);
  EXPECT_TRUE(
      text.ends_with("ip link delete dev wg0\nnft add table inet ringwire-wg0\n"
                     "nft delete table inet ringwire-wg0\nbye\n"))
      << text;
}

}  // namespace
}  // namespace ringwire::platform
