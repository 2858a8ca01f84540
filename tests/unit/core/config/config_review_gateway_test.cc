#include <string>
#include <string_view>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/unit/core/config/config_review_texts.h"

// What `check` and `up` say of keys of [Gateway] that can hardly be meant.
namespace ringwire {
namespace {

TEST(ConfigReviewGatewayTest, AKillSwitchBlocksWhatAGatewayLetsOut) {
  const auto warning = [](std::string_view lines) {
    const Texts all = Warnings(fmt::format("[Gateway]\n{}", lines));
    return all.empty() ? "" : all.back();
  };
  EXPECT_TRUE(warning("KillSwitch = on\nMasquerade = auto\n")
                  .starts_with(":5:1: KillSwitch = on blocks what comes out of the tunnel"));
  EXPECT_TRUE(warning("Forward = on\nKillSwitch = on\n")
                  .starts_with(":6:1: KillSwitch = on blocks what is forwarded"));
  EXPECT_EQ(warning("Forward = on\nKillSwitch = on, local\n"), "");
  EXPECT_NE(warning("KillSwitch = on, local\nMasquerade = eth0\n"), "");
  EXPECT_EQ(warning("KillSwitch = off\nForward = on\n"), "");
  EXPECT_EQ(warning("KillSwitch = on\n"), "");
  EXPECT_TRUE(warning("KillSwitch = on\nPortForward = tcp/80 -> 10.0.0.2\n")
                  .starts_with(":5:1: KillSwitch = on blocks the answers"));
}

TEST(ConfigReviewGatewayTest, SourcesNeedNetworksOfTheirFamily) {
  EXPECT_EQ(Warning("[Gateway]\nRouteFrom = 10.0.0.1, fd00::/64\n",
                    "AllowedIPs = 0.0.0.0/0\n"
                    "Endpoint = 203.0.113.1:7\n"),
            ":5:1: nothing from fd00::/64 takes the tunnel, as no AllowedIPs are of IPv6");
}

TEST(ConfigReviewGatewayTest, AKillSwitchAgainstNamesAndSources) {
  const std::string_view peer = "AllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.1:51820\n";
  EXPECT_EQ(Warning("[Gateway]\nKillSwitch = on, dns\n", peer),
            ":5:1: KillSwitch lets this host look up names of endpoints, and no Endpoint is a name "
            "(leave dns out)");
  EXPECT_EQ(PeerWarnings("[Gateway]\nKillSwitch = on, dns\n",
                         "AllowedIPs = 0.0.0.0/0\nEndpoint = vpn.example:51820\n"),
            Quiet());
  EXPECT_EQ(Warning("[Gateway]\nKillSwitch = on\nRouteFrom = 10.0.0.7\n", peer),
            ":5:1: KillSwitch = on blocks this host's own traffic, because RouteFrom keeps it out "
            "of the tunnel (leave one of the two out)");
}

TEST(ConfigReviewGatewayTest, WithRouteFromTheHostsOwnQueriesDoNotTakeTheTunnel) {
  const auto warnings = [](std::string_view server) {
    return PeerWarnings(
        fmt::format("Address = 10.0.0.1/24\nDNS = {}\n[Gateway]\nRouteFrom = 10.5.0.0/16\n",
                    server),
        "AllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.1:51820\n");
  };
  EXPECT_EQ(warnings("9.9.9.9"),
            Texts{":5:1: queries to the name server 9.9.9.9 go outside of the tunnel: RouteFrom "
                  "keeps this host's own traffic out of it"});
  EXPECT_EQ(warnings("10.0.0.2"), Quiet()) << "on the tunnel's link";
  EXPECT_EQ(warnings("127.0.0.1"), Quiet()) << "it may ask anybody";
}

TEST(ConfigReviewGatewayTest, InANamespaceNobodyElseIsServed) {
  const std::string_view peer = "AllowedIPs = 10.0.0.2/32\n";
  EXPECT_EQ(Warning("Address = 10.0.0.1/24\n[Gateway]\nNamespace = vpn\nMasquerade = eth0\n", peer),
            ":7:1: Masquerade has an effect inside Namespace = vpn only, where the tunnel is the "
            "only link unless another program adds one");
  EXPECT_EQ(Warning("Address = 10.0.0.1/24\n[Gateway]\nNamespace = vpn\nPortForward = tcp/80 -> "
                    "10.0.0.2:80\n",
                    peer),
            ":7:1: PortForward has an effect inside Namespace = vpn only, where the tunnel is the "
            "only link unless another program adds one");
}

TEST(ConfigReviewGatewayTest, ABridgeNeedsARouteToItsPeers) {
  const auto warnings = [](std::string_view interface) {
    return PeerWarnings(fmt::format("{}[Gateway]\nBridge = br0\n", interface),
                        "AllowedIPs = 10.77.0.2/32\n");
  };
  EXPECT_EQ(warnings("Address = 10.77.0.1/32\nTable = off\n"),
            Texts{":7:1: Bridge has no route to its peers: Table makes none in the main table, and "
                  "Address = 10.77.0.1/32 has no network (give it the tunnel's, like /24)"});
  EXPECT_EQ(warnings("Address = 10.77.0.1/24\nTable = off\n"), Quiet());
  EXPECT_EQ(warnings("Address = 10.77.0.1/32\n"), Quiet());
}

TEST(ConfigReviewGatewayTest, ABridgeNamesPeersThatItCannotReachAndWhoReachesWhom) {
  const auto of = [](std::string_view allowed) {
    const auto parse = ParseConfigFile(fmt::format(
        "[Interface]\nPrivateKeyFile = x\nAddress = 10.77.0.1/24\n[Gateway]\nBridge = br0\n{}",
        allowed));
    Texts texts;
    for (const ConfigError& warning : parse.warnings) {
      if (warning.message.find("Bridge") == 0) texts.push_back(warning.message);
    }
    return texts;
  };
  const std::string b =
      "[Peer]\nName = b\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";
  const std::string c =
      "[Peer]\nName = c\nPublicKey = 6NAjGKT3vEVyZJrYaR8XKcJnpGyMGNdlmhPQkCFuKnM=\n";
  EXPECT_EQ(of(b + "AllowedIPs = 10.77.0.2/32\n"), Texts{});
  EXPECT_EQ(
      of(b + "AllowedIPs = 10.50.0.0/16\n"),
      Texts{"Bridge leaves out the peer b: its AllowedIPs have no single IPv4 address to send "
            "frames to (add the peer's address with /32)"});
  EXPECT_EQ(
      of(b + "AllowedIPs = 10.77.0.2/32\n" + c + "AllowedIPs = 10.77.0.3/32\n"),
      Texts{"Bridge connects each peer with this host; two peers reach each other's hosts only "
            "if they are peers of each other as well"});
}

}  // namespace
}  // namespace ringwire
