#include "platform/doctor/judge_tunnel.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ringwire::platform {
namespace {

constexpr char kHead[] =
    "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
    "ListenPort = 51820\nAddress = 10.0.0.1/24\n";
constexpr char kPeer[] = "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";

TunnelFacts TunnelOf(const std::string& text) {
  TunnelFacts tunnel;
  tunnel.path = "/etc/ringwire/wg0.conf";
  tunnel.interface = "wg0";
  const ConfigParse parse = ParseConfigFile(text);
  EXPECT_TRUE(parse.ok()) << parse.errors.front().message;
  tunnel.config = parse.config;
  return tunnel;
}
TunnelFacts TunnelTo(const std::string& allowed_ips) {
  return TunnelOf(std::string(kHead) + kPeer + "AllowedIPs = " + allowed_ips + "\n");
}

DoctorFacts Host() {
  DoctorFacts facts;
  facts.rights = {true, true, true, true};
  facts.path_mtu = 1500;
  facts.name_servers = {"192.0.2.53"};
  return facts;
}

bool Says(const Finding& finding, Verdict verdict, std::string_view text) {
  return finding.verdict == verdict && finding.text.find(text) != std::string::npos;
}

TEST(JudgeTunnelTest, FindsNothingWrongWithAGoodFile) {
  for (const Finding& finding : JudgeTunnel(TunnelTo("10.0.0.2/32"), Host())) {
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.topic << ": " << finding.text;
  }
}

TEST(JudgeTunnelTest, ErrorsOfTheFileComeAlone) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  tunnel.errors = {"wg0.conf:2:1: no", "wg0.conf:3:1: no"};
  tunnel.port_is_taken = true;
  const Findings findings = JudgeTunnel(tunnel, Host());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(HasFault(findings));
  EXPECT_TRUE(Says(findings[1], Verdict::kFault, "wg0.conf:3:1"));
}

TEST(JudgeTunnelTest, ARefusedPlanIsAFaultAndItsWarningsAreSaid) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  tunnel.plan.refusal = "this host has no nft";
  tunnel.plan.warnings = {"no IPv6"};
  const Findings findings = JudgePlan(tunnel);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(Says(findings[0], Verdict::kFault, "no nft"));
  EXPECT_TRUE(Says(findings[1], Verdict::kWarning, "no IPv6"));
  tunnel.plan_error = absl::InternalError("netlink");
  EXPECT_TRUE(Says(JudgePlan(tunnel)[0], Verdict::kFault, "netlink"));
}

TEST(JudgeTunnelTest, ATakenPortNamesItsHolder) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  tunnel.port_is_taken = true;
  tunnel.port_holder = "nginx (process 7)";
  EXPECT_TRUE(Says(JudgePort(tunnel, Host().rights), Verdict::kFault, "51820 is taken by nginx"));
  tunnel.port_holder.clear();
  EXPECT_TRUE(Says(JudgePort(tunnel, Host().rights), Verdict::kFault, "by another program"));
  tunnel.is_up = true;
  EXPECT_TRUE(Says(JudgePort(tunnel, Host().rights), Verdict::kOk, "wg0 is up"));
}

TEST(JudgeTunnelTest, ALowPortNeedsItsCapability) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  tunnel.config.listen_port = 53;
  EXPECT_EQ(JudgePort(tunnel, Host().rights).verdict, Verdict::kOk);
  Rights rights = Host().rights;
  rights.low_ports = false;
  EXPECT_TRUE(Says(JudgePort(tunnel, rights), Verdict::kFault, "CAP_NET_BIND_SERVICE"));
}

TEST(JudgeTunnelTest, SaysWhichSysctlsChangeOrCannot) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  EXPECT_TRUE(Says(JudgeSysctls(tunnel), Verdict::kOk, "nothing to set"));
  tunnel.sysctls_to_change = {{"net/ipv4/ip_forward", "1"}};
  EXPECT_TRUE(Says(JudgeSysctls(tunnel), Verdict::kOk, "`up` sets net.ipv4.ip_forward=1"));
  tunnel.sysctls = absl::FailedPreconditionError("/proc/sys is read-only: --sysctl x=1");
  EXPECT_TRUE(Says(JudgeSysctls(tunnel), Verdict::kFault, "--sysctl x=1"));
}

TEST(JudgeTunnelTest, AnMtuThatDoesNotFitIsAWarningWithTheOneThatDoes) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  EXPECT_TRUE(JudgeTunnelMtu(tunnel, Host()).empty());
  tunnel.config.mtu = 1420;
  EXPECT_TRUE(Says(JudgeTunnelMtu(tunnel, Host())[0], Verdict::kOk, "1420 fits"));
  tunnel.config.mtu = 1421;
  const Findings findings = JudgeTunnelMtu(tunnel, Host());
  EXPECT_TRUE(Says(findings[0], Verdict::kWarning, "do not fit into 1500"));
  EXPECT_EQ(findings[0].fix, "MTU = 1420, or remove the line");
}

TEST(JudgeTunnelTest, SaysWhatAForeignFirewallDrops) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  EXPECT_EQ(JudgeFirewall(tunnel, Host())[0].verdict, Verdict::kOk);
  tunnel.firewall_warnings = {"ufw drops what peers send"};
  EXPECT_TRUE(Says(JudgeFirewall(tunnel, Host())[0], Verdict::kWarning, "ufw drops"));
}

TEST(JudgeTunnelTest, DnsOfTheFileNeedsAProgram) {
  TunnelFacts tunnel =
      TunnelOf(std::string(kHead) + "DNS = 10.0.0.2\n" + kPeer + "AllowedIPs = 10.0.0.2/32\n");
  EXPECT_TRUE(Says(JudgeDns(tunnel, Host())[0], Verdict::kFault, "neither resolvectl"));
  tunnel.dns_program = DnsProgram::kResolvconf;
  EXPECT_TRUE(JudgeDns(tunnel, Host()).empty());
}

TEST(JudgeTunnelTest, NamesThatAreNotFoundAreWarnings) {
  TunnelFacts tunnel = TunnelTo("10.0.0.2/32");
  tunnel.names = {{"a.example", absl::OkStatus()}, {"b.example", absl::NotFoundError("no such")}};
  const Findings findings = JudgeDns(tunnel, Host());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].verdict, Verdict::kOk);
  EXPECT_TRUE(Says(findings[1], Verdict::kWarning, "b.example has no address: no such"));
}

TEST(JudgeTunnelTest, ANetworkOfTheHostInAllowedIpsIsAFault) {
  TunnelFacts tunnel = TunnelTo("192.168.1.0/24, 192.168.2.7/32, 172.16.0.0/12");
  tunnel.local_networks = {*Prefix::Parse("192.168.1.0/24"), *Prefix::Parse("192.168.2.0/24"),
                           *Prefix::Parse("172.17.0.0/16")};
  const Findings findings = JudgeNetworks(tunnel, Host());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(HasFault(findings));
  tunnel.config.table.kind = RouteTable::Kind::kOff;
  EXPECT_TRUE(JudgeNetworks(tunnel, Host()).empty());
}

TEST(JudgeTunnelTest, TwoFullTunnelsAreAWarning) {
  DoctorFacts host = Host();
  host.others.wide_routes = {{*Prefix::Parse("0.0.0.0/1"), "tun0"}};
  EXPECT_TRUE(Says(JudgeNetworks(TunnelTo("0.0.0.0/0"), host)[0], Verdict::kWarning,
                   "tun0 also takes the whole traffic"));
  EXPECT_EQ(JudgeNetworks(TunnelTo("10.0.0.2/32"), host)[0].verdict, Verdict::kOk);
}

}  // namespace
}  // namespace ringwire::platform
