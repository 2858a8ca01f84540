#include "platform/gateway/plan/plan_masquerade.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

TEST(PlanMasqueradeTest, NoSourceBecomesTheOwnPortAndOthersKeepTheirs) {
  const auto beside = [](const PortRange& own) {
    std::string text;
    for (const SourcePorts& ports : PortsBeside(own)) {
      text += fmt::format("{}:{} ", ports.from.ToString(), ports.to.ToString());
    }
    return text;
  };
  EXPECT_EQ(beside({51820, 51820}), "1024-51820:1024-51819 51821-65535:51821-65535 ")
      << "as the kernel, within the range from 1024";
  EXPECT_EQ(beside({1024, 1024}), "1024-65535:1025-65535 ");
  EXPECT_EQ(beside({65535, 65535}), "1024-65535:1024-65534 ");
  EXPECT_EQ(beside({65000, 65000}), "1024-65535:1024-64999 ") << "535 ports are too few a pool";
  EXPECT_EQ(beside({53, 53}), "1-511:54-511 ");
  EXPECT_EQ(beside({500, 500}), "1-511:1-499 ");
  EXPECT_EQ(beside({512, 512}), "512-1023:513-1023 ");
  EXPECT_EQ(beside({32768, 60999}), "1024-65535:1024-32767 ") << "any that the kernel chooses";
  EXPECT_EQ(beside({1000, 1100}), "512-1023:512-999 1024-65535:1101-65535 ");
  EXPECT_EQ(beside({1024, 65535}), "") << "the kernel chooses from all: nothing is left";
}

TEST(PlanMasqueradeTest, EveryPoolIsWithoutTheOwnPortAndEverySourceHasOne) {
  for (uint32_t port = 1; port <= 65535; port += port < 1100 ? 1 : 97) {
    const auto own = static_cast<uint16_t>(port);
    const std::vector<SourcePorts> rules = PortsBeside({own, own});
    uint32_t sources = 0;
    for (const SourcePorts& ports : rules) {
      EXPECT_FALSE(ports.to.Contains(own)) << port;
      EXPECT_LE(ports.to.first, ports.to.last) << port;
      sources += ports.from.count();
    }
    EXPECT_EQ(sources, port < 512 ? 511U : port < 1024 ? 512U : 64512U) << port;
  }
}

std::string SourceNat(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    const auto* const replace =
        step.apply.has_value() ? std::get_if<action::ReplaceNftTable>(&*step.apply) : nullptr;
    if (replace == nullptr) continue;
    for (const NftChain& chain : replace->table.chains) {
      if (chain.hook != kSourceNat) continue;
      for (const NftRule& rule : chain.rules) {
        for (const NftExpression& expression : rule.expressions) text += NftText(expression) + " ";
        text.back() = '\n';
      }
    }
  }
  return text;
}

std::string SourceNat(std::string_view interface_lines, std::string_view gateway_lines,
                      std::string_view chosen_ports = "32768\t60999") {
  const ConfigParse parse =
      ParseConfigFile(fmt::format("[Interface]\n{}\n[Gateway]\n{}\n[Peer]\nPublicKey = "
                                  "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
                                  "AllowedIPs = 10.77.0.2/32\n",
                                  interface_lines, gateway_lines));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  HostFacts facts;
  facts.interfaces = {"eth0"};
  facts.sysctls = {{"net/ipv4/ip_local_port_range", std::string(chosen_ports)}};
  return SourceNat(MakePlan("wg0", parse.config, facts));
}

TEST(PlanMasqueradeTest, DatagramsHaveRulesOfTheirOwnBeforeTheOneForAll) {
  EXPECT_EQ(SourceNat("ListenPort = 1024", "Masquerade = eth0"),
            "iifname \"wg0\" oifname \"eth0\" udp sport 1024-65535 masquerade to :1025-65535\n"
            "iifname \"wg0\" oifname \"eth0\" masquerade\n");
}

TEST(PlanMasqueradeTest, WithoutListenPortNoPortThatTheKernelMayChooseIsUsed) {
  const std::string rule = "iifname \"wg0\" oifname \"eth0\" udp sport 1024-65535 masquerade to :";
  EXPECT_NE(SourceNat("", "Masquerade = eth0").find(rule + "1024-32767\n"), std::string::npos);
  EXPECT_NE(SourceNat("", "Masquerade = eth0", "50000\t65535").find(rule + "1024-49999\n"),
            std::string::npos);
  EXPECT_NE(SourceNat("", "Masquerade = eth0", "none").find(rule + "1024-32767\n"),
            std::string::npos);
}

TEST(PlanMasqueradeTest, WithANamespaceTheTunnelHasNoPortThere) {
  EXPECT_EQ(SourceNat("ListenPort = 51820", "Masquerade = eth0\nNamespace = vpn"),
            "iifname \"wg0\" oifname \"eth0\" masquerade\n");
}

TEST(PlanMasqueradeTest, PortForwardsDoSoToo) {
  const std::string rules = SourceNat("ListenPort = 1024\nAddress = 10.77.0.1/24",
                                      "PortForward = udp/53 -> 10.77.0.2, masquerade\n"
                                      "PortForward = tcp/53 -> 10.77.0.2, masquerade");
  EXPECT_EQ(rules,
            "oifname \"wg0\" ct status dnat ct direction original ip daddr 10.77.0.2 meta l4proto "
            "udp ct original proto-dst 53 udp sport 1024-65535 masquerade to :1025-65535\n"
            "oifname \"wg0\" ct status dnat ct direction original ip daddr 10.77.0.2 meta l4proto "
            "udp ct original proto-dst 53 masquerade\n"
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.2/32 ip daddr "
            "10.77.0.2 udp sport 1024-65535 masquerade to :1025-65535\n"
            "iifname \"wg0\" oifname \"wg0\" ct status dnat ip saddr 10.77.0.2/32 ip daddr "
            "10.77.0.2 masquerade\n"
            "oifname \"wg0\" ct status dnat ct direction original ip daddr 10.77.0.2 meta l4proto "
            "tcp ct original proto-dst 53 masquerade\n");
}

}  // namespace
}  // namespace ringwire::platform
