#include "core/config/gateway_config.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/base/limits.h"
#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

// The keys of a configuration that ask something of the host around the tunnel.
namespace ringwire {
namespace {

constexpr std::string_view kPublic = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

ConfigFile MustParse(std::string_view text) {
  ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

// The one error of a text, without its file name.
std::string ErrorOf(std::string_view text) {
  const auto parse = ParseConfigFile(text);
  return parse.errors.size() == 1 ? parse.errors[0].ToString("") : "not one error";
}
std::string InterfaceError(std::string_view line) {
  return ErrorOf(fmt::format("[Interface]\n{}\n", line));
}
std::string PeerError(std::string_view line) {
  return ErrorOf(fmt::format("[Peer]\nPublicKey={}\n{}\n", kPublic, line));
}

TEST(GatewayConfigTest, ReadsWhatIsAskedOfTheHost) {
  const ConfigFile config = MustParse(
      "[Interface]\nDNS = 10.0.0.1, fd00::53 corp.example\ndns = lan\nPreUp = echo '#' = 1\n"
      "PostUp = a %i; b\nPostUp =\nPostUp = c\nPreDown = x # y\nPostDown = z\n");
  EXPECT_EQ(config.dns, (DnsSettings{{NameServer{*IpAddress::Parse("10.0.0.1")},
                                      NameServer{*IpAddress::Parse("fd00::53")}},
                                     {"corp.example", "lan"}}));
  EXPECT_EQ(config.hooks, (Hooks{{"echo '#' = 1"}, {"a %i; b", "c"}, {"x # y"}, {"z"}}));
  EXPECT_EQ(InterfaceError("DNS = 10.0.0.1, 10.0.0.256"),
            ":2:17: DNS must be addresses and domains to search in, not '10.0.0.256'");
  EXPECT_EQ(InterfaceError("DNS = -a"),
            ":2:7: DNS must be addresses and domains to search in, not '-a'")
      << "no option of a program that is given it";
}

TEST(GatewayConfigTest, ReadsServersOnALinkAndDomainsThatOnlyRoute) {
  const DnsSettings dns = MustParse("[Interface]\nDNS = fe80::1%eth0, ~corp.example ~.\n").dns;
  EXPECT_EQ(dns, (DnsSettings{{NameServer{*IpAddress::Parse("fe80::1"), "eth0"}},
                              {"~corp.example", "~."}}));
  EXPECT_EQ(dns.servers[0].ToString(), "fe80::1%eth0");
  EXPECT_EQ(InterfaceError("DNS = 10.0.0.1%eth0"),
            ":2:7: DNS must be addresses and domains to search in, not '10.0.0.1%eth0'");
  EXPECT_EQ(InterfaceError("DNS = fd00::1%eth0"),
            ":2:7: DNS must be addresses and domains to search in, not 'fd00::1%eth0': only a "
            "link-local address (fe80::/10) has an interface behind %");
  for (const char* const wrong : {"~", "~10.0.0.1", "~-a", "a~b", "fe80::1%"}) {
    EXPECT_EQ(InterfaceError(fmt::format("DNS = {}", wrong)),
              fmt::format(":2:7: DNS must be addresses and domains to search in, not '{}'", wrong));
  }
}

TEST(GatewayConfigTest, ReadsEveryFormOfATable) {
  using Kind = RouteTable::Kind;
  const auto table = [](std::string_view text) {
    return MustParse(fmt::format("[Interface]\nTable = 5\nTable = {}", text)).table;
  };
  EXPECT_EQ(MustParse("[Interface]\n").table, (RouteTable{Kind::kAuto, 0}));
  EXPECT_EQ(table("Auto"), (RouteTable{Kind::kAuto, 0}));
  EXPECT_EQ(table(""), (RouteTable{Kind::kAuto, 0}));
  EXPECT_EQ(table("off"), (RouteTable{Kind::kOff, 0}));
  EXPECT_EQ(table("main"), (RouteTable{Kind::kNumber, 254}));
  EXPECT_EQ(table("1000"), (RouteTable{Kind::kNumber, 1000}));
  EXPECT_EQ(table("0xca6c"), (RouteTable{Kind::kNumber, 51820}));
  for (const std::string_view text : {"0", "-1", "4294967296", "0x", "on", "blue"}) {
    EXPECT_EQ(InterfaceError(fmt::format("Table = {}", text)),
              fmt::format(":2:9: Table must be auto, off, main, the number of a routing table or "
                          "its name in /etc/iproute2/rt_tables, not '{}'",
                          text));
  }
}

TEST(GatewayConfigTest, ATableMayHaveAName) {
  const TableNumber tables = [](const std::string& name) {
    return name == "blue" ? std::optional<uint32_t>(77) : std::nullopt;
  };
  const ConfigParse parse = ParseConfigFile("[Interface]\nTable = blue # ours\n", nullptr, tables);
  ASSERT_TRUE(parse.ok());
  EXPECT_EQ(parse.config.table, (RouteTable{RouteTable::Kind::kNumber, 77}));
  EXPECT_EQ(ParseConfigFile("[Interface]\nTable = Blue\n", nullptr, tables).errors.size(), 1U);
}

TEST(GatewayConfigTest, MasqueradeBringsForwardAlongUnlessTheFileSaysOtherwise) {
  EXPECT_TRUE(MustParse("[Gateway]\nMasquerade = auto\n").gateway.forward);
  EXPECT_FALSE(MustParse("[Gateway]\nMasquerade = auto\nMasquerade = off\n").gateway.forward);
  EXPECT_TRUE(MustParse("[Gateway]\nForward = off\nForward = on\n").gateway.forward);
  EXPECT_EQ(ErrorOf("[Gateway]\nMasquerade = auto\n Forward = off\n"),
            ":3:2: Masquerade needs Forward = on; leave one of the two out");
}

TEST(GatewayConfigTest, ReadsTheGatewaySection) {
  const auto gateway_error = [](std::string_view line) {
    return ErrorOf(fmt::format("[gateway]\n{}\n", line));
  };
  const ConfigFile config = MustParse("[Gateway]\nforward = on\nMasquerade = eth0\n");
  EXPECT_TRUE(config.gateway.forward);
  EXPECT_EQ(config.gateway.masquerade, "eth0");
  EXPECT_EQ(MustParse("[Gateway]\nMasquerade = Auto\n").gateway.masquerade, "auto");
  EXPECT_EQ(MustParse("[Gateway]\nMasquerade=x\nMasquerade=off\n").gateway.masquerade, "");
  EXPECT_EQ(gateway_error("Forward = yes"), ":2:11: Forward must be on or off, not 'yes'");
  EXPECT_EQ(gateway_error("Masquerade = eth0 eth1"),
            ":2:14: Masquerade must be an interface, auto or off, not 'eth0 eth1'");
  EXPECT_EQ(gateway_error("Masquerade = @eth0"),
            ":2:14: Masquerade must be an interface, auto or off, not '@eth0'");
  EXPECT_EQ(gateway_error("Masquerad = eth0"),
            ":2:1: unknown key 'Masquerad' in [Gateway]; did you mean 'Masquerade'?");
  EXPECT_EQ(gateway_error("DNS = 10.0.0.1"), ":2:1: DNS belongs in [Interface], not in [Gateway]");
  EXPECT_EQ(PeerError("Forward = on"), ":3:1: Forward belongs in [Gateway], not in [Peer]");
}

TEST(GatewayConfigTest, ReadsTheSourcesThatTakeTheTunnel) {
  const ConfigFile config = MustParse(
      "[Gateway]\nRouteFrom = 172.31.255.7/32, 10.0.0.9/24\nroutefrom = fd00::1/64 10.0.0.0/24\n"
      "RouteFrom = 10.1.1.1\n");
  std::string sources;
  for (const Prefix& source : config.gateway.route_from) sources += source.ToString() + " ";
  EXPECT_EQ(sources, "172.31.255.7/32 10.0.0.0/24 fd00::/64 10.1.1.1/32 ");
  const auto error = [](std::string_view value) {
    return ErrorOf(fmt::format("[Gateway]\nRouteFrom = {}\n", value));
  };
  EXPECT_EQ(error("10.0.0.0/24, eth0"),
            ":2:26: RouteFrom must be addresses and networks like 10.0.0.1 or fd00::/64, not "
            "'eth0'");
  EXPECT_EQ(error("10.0.0.0/33"),
            ":2:13: RouteFrom must be addresses and networks like 10.0.0.1 or fd00::/64, not "
            "'10.0.0.0/33'");
  EXPECT_EQ(error("::/0"),
            ":2:13: RouteFrom ::/0 is every source (leave RouteFrom out: then all traffic takes "
            "the tunnel)");
  EXPECT_EQ(error(""), ":2:12: RouteFrom has no value") << "else the whole traffic took it";
  EXPECT_EQ(error(","), ":2:13: RouteFrom has no value");
  std::string many = "10.0.0.0";
  for (size_t i = 1; i <= kRouteSourcesMax; ++i) {
    many += fmt::format(" 10.0.{}.{}", i / 256, i % 256);
  }
  EXPECT_NE(error(many).find(": RouteFrom has more than 256 sources"), std::string::npos);
}

TEST(GatewayConfigTest, SourcesNeedATableOfTheirOwnWhereverItIsNamed) {
  EXPECT_EQ(ErrorOf("[Gateway]\nRouteFrom = 10.0.0.1\n[Interface]\nTable = off\n"),
            ":2:1: RouteFrom needs a routing table of its own, and Table is off (leave Table out)");
  EXPECT_EQ(ErrorOf("[Interface]\nTable = 254\n[Gateway]\nRouteFrom = 10.0.0.1\n"),
            ":4:1: RouteFrom needs a routing table of its own, and Table is main, where every "
            "source looks (leave Table out)");
  EXPECT_EQ(MustParse("[Interface]\nTable = 7\n[Gateway]\nRouteFrom = 10.0.0.1\n").table.number,
            7u);
}

TEST(GatewayConfigTest, ReadsABridgeAndTheIdOfItsSegment) {
  const ConfigFile config =
      MustParse("[Interface]\nAddress = 10.0.0.1/24\n[Gateway]\nBridge = br0\nVxlanId = 77\n");
  EXPECT_EQ(config.gateway.bridge, "br0");
  EXPECT_EQ(config.gateway.vxlan_id, 77U);
  EXPECT_EQ(MustParse("[Gateway]\nBridge = off\n").gateway, GatewayConfig());
  EXPECT_EQ(ErrorOf("[Interface]\nAddress = 10.0.0.1\n[Gateway]\nBridge = a/b\n"),
            ":4:10: Bridge must be the name of a bridge, or off, not 'a/b'");
  EXPECT_EQ(ErrorOf("[Gateway]\nVxlanId = 16777216\n"),
            ":2:11: VxlanId must be a number from 1 to 16777215, not '16777216'");
  EXPECT_EQ(ErrorOf("[Gateway]\nBridge = br0\n"),
            ":2:1: Bridge needs an Address: the tunnel's address is the source of its packets");
}

}  // namespace
}  // namespace ringwire
