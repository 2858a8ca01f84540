#include <string>
#include <string_view>
#include <utility>

#include "core/base/limits.h"
#include "core/config/config_file.h"
#include "core/config/gateway_config.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

// PortForward and ReturnPath in a configuration file.
namespace ringwire {
namespace {

// A file of which nothing else is to be said.
constexpr std::string_view kRest =
    "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
    "AllowedIPs = 10.77.0.0/24, fd77::/64\nEndpoint = 192.0.2.1:7\n"
    "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\nTable = off\n";

ConfigParse Parse(std::string_view lines) {
  return ParseConfigFile(fmt::format("[Gateway]\n{}\n{}", lines, kRest));
}

GatewayConfig MustParse(std::string_view lines) {
  ConfigParse parse = Parse(lines);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config.gateway);
}

// All errors, one a line, without the file's name.
std::string Errors(std::string_view lines) {
  std::string text;
  for (const ConfigError& error : Parse(lines).errors) text += error.ToString("") + "\n";
  return text;
}

std::string Warnings(std::string_view lines) {
  const ConfigParse parse = Parse(lines);
  EXPECT_TRUE(parse.ok());
  std::string text;
  for (const ConfigError& warning : parse.warnings) text += warning.ToString("") + "\n";
  return text;
}

PortForward Forward(PortForward::Protocol protocol, PortRange ports, std::string_view target,
                    PortRange target_ports, bool masquerade = false) {
  return {protocol, ports, *IpAddress::Parse(target), target_ports, masquerade};
}

TEST(PortForwardTest, ReadsEveryForm) {
  using enum PortForward::Protocol;
  const GatewayConfig gateway = MustParse(
      "PortForward = tcp/8080 -> 10.77.0.2:80\nportforward=UDP/53->[fd77::2]:5353\n"
      "PortForward = tcp/ 1 - 3 -> 10.77.0.2 : 65533 - 65535 , Masquerade\n"
      "PortForward = udp/5000-5010 -> 10.77.0.3\nPortForward = tcp/8080 -> [fd77::2]\n"
      "PortForward = udp/8080 -> 10.77.0.2\n");
  EXPECT_EQ(gateway.port_forwards, (std::vector<PortForward>{
                                       Forward(kTcp, {8080, 8080}, "10.77.0.2", {80, 80}),
                                       Forward(kUdp, {53, 53}, "fd77::2", {5353, 5353}),
                                       Forward(kTcp, {1, 3}, "10.77.0.2", {65533, 65535}, true),
                                       Forward(kUdp, {5000, 5010}, "10.77.0.3", {5000, 5010}),
                                       Forward(kTcp, {8080, 8080}, "fd77::2", {8080, 8080}),
                                       Forward(kUdp, {8080, 8080}, "10.77.0.2", {8080, 8080}),
                                   }));
  EXPECT_TRUE(gateway.forward) << "what is translated has to be forwarded";
  EXPECT_FALSE(MustParse("").forward);
}

TEST(PortForwardTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Errors("PortForward = 8080"),
            ":2:15: PortForward must be like tcp/8080 -> 10.77.0.2:80, not '8080'\n");
  EXPECT_EQ(Errors("PortForward = 8080 -> 10.77.0.2:80"),
            ":2:15: PortForward must be like tcp/8080 -> 10.77.0.2:80, with a protocol and a port "
            "in front of the arrow, not '8080'\n");
  EXPECT_EQ(Errors("PortForward = sctp/80 -> 10.77.0.2:80"),
            ":2:15: PortForward knows the protocols tcp and udp, a line for each, not 'sctp'\n");
  EXPECT_EQ(Errors("PortForward = tcp/0 -> 10.77.0.2:80"),
            ":2:19: a port is a number from 1 to 65535, not '0'\n");
  EXPECT_EQ(Errors("PortForward = tcp/80 -> 10.77.0.2:http"),
            ":2:35: a port is a number from 1 to 65535, not 'http'\n");
  EXPECT_EQ(Errors("PortForward = tcp/80-65536 -> 10.77.0.2"),
            ":2:22: a port is a number from 1 to 65535, not '65536'\n");
  EXPECT_EQ(Errors("PortForward = tcp/80- -> 10.77.0.2"),
            ":2:22: a port is a number from 1 to 65535, not ''\n");
  EXPECT_EQ(Errors("PortForward = udp/5010-5000 -> 10.77.0.2"),
            ":2:19: the range 5010-5000 goes backwards; 5000-5010 is meant\n");
  EXPECT_EQ(Errors("PortForward = udp/5000-5010 -> 10.77.0.2:6000-6009"),
            ":2:42: 5000-5010 to 6000-6009 are not as many ports on either side (11 and 10)\n");
  EXPECT_EQ(Errors("PortForward = tcp/80 -> 10.77.0.2:80, on"),
            ":2:39: after the comma PortForward takes masquerade, not 'on' (one port or range a "
            "line; repeat the key for more)\n");
  EXPECT_EQ(Errors("PortForward = tcp/80 -> 10.77.0.2,"),
            ":2:35: after the comma PortForward takes masquerade, not '' (one port or range a "
            "line; repeat the key for more)\n");
  EXPECT_EQ(Errors("ReturnPath = yes"), ":2:14: ReturnPath must be on or off, not 'yes'\n");
}

TEST(PortForwardTest, ATargetIsAnAddressWithBracketsAroundIpv6) {
  for (const std::string_view text :
       {"server:80", "fd77::2:80", "fd77::2", "[10.77.0.2]:80", "[fd77::2", "[fd77::2]80", "",
        "10.77.0.2.1", "10.77.0.0/24", "[fd77::2%wg0]:80"}) {
    EXPECT_EQ(Errors(fmt::format("PortForward = tcp/80 -> {}", text)),
              fmt::format(":2:{}: the target of a PortForward is an address and a port, like "
                          "10.77.0.2:80 or [fd77::2]:80, not '{}'\n",
                          text.empty() ? 24 : 25, text));
  }
  EXPECT_EQ(Errors("PortForward = tcp/80 -> 10.77.0.2:"),
            ":2:35: a port is a number from 1 to 65535, not ''\n");
}

TEST(PortForwardTest, NoPortIsForwardedTwice) {
  EXPECT_EQ(Errors("PortForward = tcp/80-90 -> 10.77.0.2\nPortForward = tcp/90-99 -> 10.77.0.3\n"
                   "PortForward = udp/90 -> 10.77.0.2\nPortForward = tcp/85 -> [fd77::2]\n"
                   "PortForward = tcp/91 -> 10.77.0.2:80\nPortForward = tcp/79-100 -> 10.77.0.2"),
            ":3:15: tcp/90-99 is forwarded already: tcp/80-90 in line 2\n"
            ":7:15: tcp/79-100 is forwarded already: tcp/80-90 in line 2\n");
}

TEST(PortForwardTest, ThePortOfTheTunnelItselfIsNotForwarded) {
  EXPECT_EQ(Errors("PortForward = udp/51800-51900 -> 10.77.0.2\n[Interface]\nListenPort = 51820"),
            ":2:15: udp/51800-51900 is where the tunnel's own datagrams arrive (ListenPort)\n");
  EXPECT_EQ(Errors("PortForward = tcp/51820 -> 10.77.0.2\n[Interface]\nListenPort = 51820"), "");
  EXPECT_EQ(Errors("PortForward = udp/51821 -> 10.77.0.2\n[Interface]\nListenPort = 0"), "");
  EXPECT_EQ(Warnings("PortForward = udp/30000-65535 -> 10.77.0.2"),
            ":2:15: udp/30000-65535 may be the port that the tunnel itself gets (choose one with "
            "ListenPort)\n");
  EXPECT_EQ(Warnings("PortForward = udp/30000-32767 -> 10.77.0.2\nPortForward = tcp/40000 -> "
                     "10.77.0.2"),
            "");
}

TEST(PortForwardTest, ATargetIsBehindAPeer) {
  EXPECT_EQ(Warnings("PortForward = tcp/80 -> 10.78.0.2\nPortForward = tcp/80 -> [fd77::ffff]"),
            ":2:15: the target 10.78.0.2 is in no peer's AllowedIPs, so nothing reaches it (add "
            "it to those of the peer that it is behind)\n");
  EXPECT_EQ(Warnings("PortForward = tcp/80 -> 10.78.0.2\n[Peer]\nPublicKey = "
                     "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\nAllowedIPs = 10.78.0.0/16"),
            "");
  EXPECT_EQ(Warnings("PortForward = tcp/80 -> 10.78.0.2\n[Peer]\nPublicKey = "
                     "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n"
                     "AllowedIPs = +10.78.0.0/16, -10.78.0.0/16, 10.79.0.1"),
            ":2:15: the target 10.78.0.2 is in no peer's AllowedIPs, so nothing reaches it (add "
            "it to those of the peer that it is behind)\n")
      << "a prefix that is taken back is none";
}

TEST(PortForwardTest, ForwardOffContradictsIt) {
  EXPECT_EQ(Errors("Forward = off\nPortForward = tcp/80 -> 10.77.0.2"),
            ":2:1: PortForward needs Forward = on; leave one of the two out\n");
}

TEST(PortForwardTest, LinesAreBounded) {
  std::string lines;
  for (size_t port = 1; port <= kPortForwardsMax; ++port) {
    lines += fmt::format("PortForward = tcp/{} -> 10.77.0.2\n", port);
  }
  EXPECT_EQ(MustParse(lines).port_forwards.size(), kPortForwardsMax);
  EXPECT_EQ(Errors(lines + "PortForward = tcp/2000 -> 10.77.0.2"),
            ":1026:15: there are more than 1024 lines of PortForward\n");
}

TEST(PortForwardTest, ReturnPathIsASwitch) {
  EXPECT_TRUE(MustParse("ReturnPath = On").return_path);
  EXPECT_FALSE(MustParse("ReturnPath = on\nReturnPath = off").return_path);
  EXPECT_FALSE(MustParse("ReturnPath = on").forward) << "a server need not be a router";
}

TEST(PortForwardTest, ReturnPathIsForClientsFromAnywhere) {
  constexpr std::string_view kAdvice =
      ":2:1: ReturnPath: clients come from anywhere, and no peer's AllowedIPs admits them all "
      "(with Table = off, AllowedIPs = 0.0.0.0/0, ::/0 does so and changes no other route)\n";
  const auto warnings = [](std::string_view allowed_ips) {
    return Warnings(
        fmt::format("ReturnPath = on\n[Peer]\nPublicKey = "
                    "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\nAllowedIPs = {}",
                    allowed_ips));
  };
  EXPECT_EQ(Warnings("ReturnPath = on"), kAdvice);
  EXPECT_EQ(warnings("0.0.0.0/1, 8000::/1"), kAdvice);
  EXPECT_EQ(warnings("+0.0.0.0/0, -0.0.0.0/0, 10.79.0.1"), kAdvice);
  EXPECT_EQ(warnings("0.0.0.0/1, 128.0.0.0/1"), "");
  EXPECT_EQ(warnings("::/0"), "");
}

}  // namespace
}  // namespace ringwire
