#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

// What `check` and `up` say where a file can hardly mean what it says.
namespace ringwire {
namespace {

constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kAnna = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr std::string_view kBert = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
constexpr std::string_view kZeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

using Texts = std::vector<std::string>;

Texts Lines(const std::vector<ConfigError>& messages) {
  Texts lines;
  for (const ConfigError& message : messages) lines.push_back(message.ToString(""));
  return lines;
}

// What is said of a good interface in lines 1 to 3, then `lines`; there must be no error.
Texts Warnings(std::string_view lines) {
  const ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820\n{}", kPrivate, lines));
  EXPECT_EQ(Lines(parse.errors), Texts());
  return Lines(parse.warnings);
}
// The one warning; the peer's [Peer] is behind `interface`.
std::string Warning(std::string_view interface, std::string_view peer) {
  const Texts all = Warnings(fmt::format("{}[Peer]\nPublicKey = {}\n{}", interface, kAnna, peer));
  return all.size() == 1 ? all[0] : fmt::format("{} warnings", all.size());
}
Texts Quiet() { return {}; }
Texts PeerWarnings(std::string_view interface, std::string_view peer) {
  return Warnings(fmt::format("{}[Peer]\nPublicKey = {}\n{}", interface, kAnna, peer));
}
Texts Errors(std::string_view text) { return Lines(ParseConfigFile(text).errors); }

TEST(ConfigReviewTest, AnMtuBelow1280NeedsAFileWithoutIpv6) {
  const std::string small =
      "[Interface]\nMTU = 1200\nAddress = 10.0.0.1/24{}\n{}[Peer]\nPublicKey = " +
      std::string(kAnna) + "\nAllowedIPs = 10.0.0.2/32{}\n";
  EXPECT_EQ(Errors(fmt::format(fmt::runtime(small), ", fd00::1/64", "", "")),
            Texts{":2:1: MTU = 1200 is too small for IPv6, which needs at least 1280 (Address = "
                  "fd00::1/64); raise it, or leave IPv6 out"});
  EXPECT_EQ(Errors(fmt::format(fmt::runtime(small), "", "", ", ::/0")),
            Texts{":2:1: MTU = 1200 is too small for IPv6, which needs at least 1280 (AllowedIPs = "
                  "::/0); raise it, or leave IPv6 out"});
  EXPECT_EQ(Errors(fmt::format(fmt::runtime(small), "", "Table = off\n", ", ::/0")), Quiet());
  EXPECT_EQ(Errors(fmt::format(fmt::runtime(small), "", "", "")), Quiet());
  EXPECT_EQ(Errors("[Interface]\nMTU = 1280\nAddress = fd00::1/64\n"), Quiet());
}

TEST(ConfigReviewTest, NothingIsSaidOfOrdinaryFiles) {
  EXPECT_EQ(Warnings("Address = 10.0.0.1/24, fd00::1/64\n"), Quiet());
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.1/24, 10.9.0.1/32, 10.9.0.2/31\n",
                         "AllowedIPs = 10.0.0.2/32, fd00::2/128\n"),
            Quiet());
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.2/24\nDNS = 10.0.0.1, corp.example\n",
                         "AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 203.0.113.1:51820\n"
                         "PersistentKeepalive = 25\n"),
            Quiet());
  EXPECT_EQ(Warnings(fmt::format("[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.0/24\n[Peer]\n"
                                 "PublicKey = {}\nAllowedIPs = 10.0.0.7/32\n",
                                 kAnna, kBert)),
            Quiet())
      << "the longer prefix is a part of the other one on purpose";
}

TEST(ConfigReviewTest, AFileWithPeersNeedsAPrivateKey) {
  const std::string peer =
      fmt::format("ListenPort = 7\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32\n", kAnna);
  const auto warnings = [&peer](std::string_view lines) {
    return Lines(ParseConfigFile(fmt::format("[Interface]\n{}{}", lines, peer)).warnings);
  };
  EXPECT_EQ(warnings(""),
            Texts{":1:1: there is no PrivateKey, so no peer is reached until `wg set` "
                  "gives the interface one"});
  EXPECT_EQ(warnings("PrivateKeyFile = /etc/key\n"), Quiet());
  EXPECT_EQ(warnings("PostUp = wg set %i private-key /etc/key\n"), Quiet());
  EXPECT_EQ(warnings(fmt::format("PrivateKey = {}\n", kZeros)),
            Texts{":2:1: PrivateKey is all zeros, which is no key (`ringwire genkey` makes one)"});
}

TEST(ConfigReviewTest, OneSideMustBeAbleToBegin) {
  const auto warnings = [](std::string_view lines, std::string_view of_peer) {
    return Lines(ParseConfigFile(fmt::format("[Interface]\nPrivateKey = {}\n{}[Peer]\nPublicKey = "
                                             "{}\nAllowedIPs = 10.0.0.2/32\n{}",
                                             kPrivate, lines, kAnna, of_peer))
                     .warnings);
  };
  ASSERT_EQ(warnings("", "").size(), 1U);
  EXPECT_TRUE(warnings("", "")[0].starts_with(":3:1: no peer has an Endpoint"));
  EXPECT_EQ(warnings("ListenPort = 0\n", "").size(), 1U);
  EXPECT_EQ(warnings("ListenPort = 7\n", ""), Quiet());
  EXPECT_EQ(warnings("", "Endpoint = 203.0.113.1:7\n"), Quiet());
  EXPECT_EQ(warnings("PostUp = wg set %i listen-port 7\n", ""), Quiet());
}

TEST(ConfigReviewTest, AddressesThatCanHardlyBeMeant) {
  EXPECT_EQ(Warnings("Address = 10.0.0.1/24, fd00::1/64, 10.0.0.1/32\n"),
            Texts{":4:36: Address 10.0.0.1 is named twice"});
  EXPECT_EQ(Warnings("Address = 10.0.0.0/24\n"),
            Texts{":4:11: Address = 10.0.0.0/24 is the first address of its network, which no host "
                  "should have"});
  EXPECT_EQ(
      Warnings("Address = 10.0.0.255/24\n"),
      Texts{":4:11: Address = 10.0.0.255/24 is the broadcast address of its network, which no "
            "host should have"});
  EXPECT_EQ(Warnings("Address = 10.0.0.1/0\n"),
            Texts{":4:11: Address = 10.0.0.1/0 takes every address for one on this link; give the "
                  "length of its network"});
}

TEST(ConfigReviewTest, ANameServerMustBeReached) {
  EXPECT_EQ(
      Warning("DNS = 1.1.1.1\n", "AllowedIPs = 10.0.0.0/8\n"),
      ":4:1: the name server 1.1.1.1 is in no peer's AllowedIPs, so questions to it go outside "
      "of the tunnel or nowhere (add it to AllowedIPs)");
  EXPECT_EQ(Warning("DNS = 10.0.0.53\nTable = off\n", "AllowedIPs = 10.0.0.0/8\n"),
            ":4:1: Table = off makes no route to the name server 10.0.0.53, and no hook does, so "
            "questions to it go outside of the tunnel or nowhere");
  EXPECT_EQ(PeerWarnings("DNS = 10.0.0.53\nTable = off\nPostUp = ip route add 10.0.0.0/8 dev %i\n",
                         "AllowedIPs = 10.0.0.0/8\n"),
            Quiet());
  EXPECT_EQ(PeerWarnings("Address = 10.1.0.1/24\nDNS = 10.1.0.1, 127.0.0.53, ::1\n",
                         "AllowedIPs = 10.0.0.2/32\n"),
            Quiet())
      << "one of this host";
  EXPECT_EQ(Warning("DNS = corp.example\n", "AllowedIPs = 10.0.0.0/8\n"),
            ":4:1: DNS names domains but no server, so the name servers are left as they are");
}

TEST(ConfigReviewTest, ARouteOfAHookKeepsASingleHostOutsideOfAFullTunnel) {
  EXPECT_EQ(PeerWarnings("PreUp = ip route add 203.0.113.5 via 192.0.2.66\n",
                         "AllowedIPs = 0.0.0.0/0\nEndpoint = 127.0.0.1:51999\n"),
            Quiet());
}

TEST(ConfigReviewTest, AKillSwitchBlocksWhatAGatewayLetsOut) {
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

TEST(ConfigReviewTest, SourcesNeedNetworksOfTheirFamily) {
  EXPECT_EQ(Warning("[Gateway]\nRouteFrom = 10.0.0.1, fd00::/64\n",
                    "AllowedIPs = 0.0.0.0/0\n"
                    "Endpoint = 203.0.113.1:7\n"),
            ":5:1: nothing from fd00::/64 takes the tunnel, as no AllowedIPs are of IPv6");
}

TEST(ConfigReviewTest, ATargetOfAPortForwardIsBehindTheTunnel) {
  EXPECT_EQ(Warning("Address = 10.0.0.1/24\n[Gateway]\nPortForward = tcp/80 -> 10.0.0.1\n",
                    "AllowedIPs = 10.0.0.0/24\n"),
            ":6:15: the target 10.0.0.1 is this interface's own Address, not behind the tunnel (a "
            "service of this host needs no PortForward)");
  EXPECT_EQ(Warning("[Gateway]\nPortForward = tcp/80 -> 10.0.0.2, masquerade\n",
                    "AllowedIPs = 10.0.0.2/32\n"),
            ":5:15: masquerade needs an IPv4 address of this interface (add one to Address)");
}

TEST(ConfigReviewTest, KeysThatStandInTheWrongPlace) {
  const auto warning = [](std::string_view key, std::string_view lines) {
    const Texts all =
        Warnings(fmt::format("[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32\n{}", key, lines));
    return all.size() == 1 ? all[0] : fmt::format("{} warnings", all.size());
  };
  EXPECT_EQ(warning(kZeros, ""), ":4:1: the PublicKey of this peer is all zeros, which nobody has");
  EXPECT_TRUE(
      warning(kPrivate, "")
          .starts_with(":4:1: the PublicKey of this peer is the PrivateKey of this interface"));
  EXPECT_EQ(warning(kAnna, fmt::format("PresharedKey = {}\n", kZeros)),
            ":4:1: the PresharedKey of this peer is all zeros, which means none");
  for (const std::string_view key : {kAnna, kPrivate}) {
    EXPECT_TRUE(
        warning(kAnna, fmt::format("PresharedKey = {}\n", key))
            .starts_with(":4:1: the PresharedKey of this peer is another key of this file"));
  }
}

TEST(ConfigReviewTest, OfAPrefixThatTwoPeersHaveTheLaterOneWins) {
  const auto two = [](std::string_view first, std::string_view second) {
    return Warnings(
        fmt::format("[Peer]\nPublicKey = {}\nAllowedIPs = {}\n[Peer]\nPublicKey = "
                    "{}\nAllowedIPs = 10.9.0.0/16, {}\n",
                    kAnna, first, kBert, second));
  };
  EXPECT_EQ(two("10.0.0.2", "10.0.0.2/32"),
            Texts{":9:14: AllowedIPs 10.0.0.2/32 is that of the [Peer] in line 4 too, which loses "
                  "it: the last one has it alone"});
  EXPECT_EQ(two("10.0.0.2/24", "10.0.0.3/24"),
            Texts{":9:14: AllowedIPs 10.0.0.0/24 is that of the [Peer] in line 4 too, which loses "
                  "it: the last one has it alone (one address alone has the length 32)"});
  EXPECT_EQ(two("10.0.0.0/24", "10.0.0.3/32"), Quiet());
}

TEST(ConfigReviewTest, APeerInTwoSections) {
  const auto twice = [](std::string_view second) {
    return Warnings(
        fmt::format("[Peer]\nPublicKey = {0}\nAllowedIPs = 10.0.0.2/32\n[Peer]\n"
                    "PublicKey = {0}\n{1}",
                    kAnna, second));
  };
  EXPECT_EQ(twice("AllowedIPs = 10.0.0.3/32\n"),
            Texts{":7:1: this peer has a [Peer] in line 4 already, whose AllowedIPs count no "
                  "longer"});
  EXPECT_EQ(twice("AllowedIPs = +10.0.0.3/32\n"),
            Texts{":7:1: this peer has a [Peer] in line 4 already"});
}

TEST(ConfigReviewTest, APeerWithoutAllowedIpsIsOfNoUse) {
  EXPECT_EQ(Warning("", ""),
            ":4:1: this peer has no AllowedIPs, so nothing is sent to it and "
            "nothing accepted from it");
  EXPECT_EQ(PeerWarnings("PostUp = wg set %i peer x allowed-ips 10.0.0.2/32\n", ""), Quiet());
  crypto::PrivateKey key;
  ASSERT_TRUE(ParseKeyBase64(kPrivate, key.bytes()));
  EXPECT_EQ(Warnings(fmt::format("[Peer]\nPublicKey = {}\n",
                                 KeyToBase64(crypto::PublicFromPrivate(key)))),
            Quiet())
      << "this device itself, as a list of all peers has it";
}

TEST(ConfigReviewTest, TheOwnAddressIsNotAtThePeersEnd) {
  EXPECT_EQ(Warning("Address = 10.0.0.2/24\n", "AllowedIPs = 10.0.0.2/32\n"),
            ":7:14: AllowedIPs 10.0.0.2/32 is this interface's own Address; AllowedIPs are the "
            "addresses at the peer's end");
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.2/24\n", "AllowedIPs = 10.0.0.0/24\n"), Quiet());
}

TEST(ConfigReviewTest, AServersPeerDoesNotTakeAllTraffic) {
  for (const char* const all : {"0.0.0.0/0", "0.0.0.0/1, 128.0.0.0/1", "10.0.0.2/32, 0.0.0.0/0"}) {
    EXPECT_EQ(Warning("", fmt::format("AllowedIPs = {}\n", all)),
              ":6:14: AllowedIPs 0.0.0.0/0 sends all traffic of this host to a peer without an "
              "Endpoint; for a client of this host write its address in the tunnel, like "
              "10.0.0.2/32");
  }
  EXPECT_TRUE(Warning("", "AllowedIPs = ::/0\n").ends_with("like fd00::2/128"));
  for (const char* const otherwise :
       {"Table = off\n", "[Gateway]\nRouteFrom = 10.0.0.0/8\n", "[Gateway]\nNamespace = client\n",
        "PostUp = wg set %i peer x endpoint 192.0.2.1:7\n"}) {
    EXPECT_EQ(PeerWarnings(otherwise, "AllowedIPs = 0.0.0.0/0\n"), Quiet()) << otherwise;
  }
}

TEST(ConfigReviewTest, AnEndpointIsNotInItsOwnAllowedIps) {
  const auto of = [](std::string_view interface, std::string_view allowed,
                     std::string_view endpoint = "203.0.113.1:7") {
    return PeerWarnings(interface,
                        fmt::format("AllowedIPs = {}\nEndpoint = {}\n", allowed, endpoint));
  };
  const Texts halves = of("", "0.0.0.0/1, 128.0.0.0/1");
  ASSERT_EQ(halves.size(), 1U);
  EXPECT_TRUE(
      halves[0].starts_with(":7:12: Endpoint 203.0.113.1:7 is in 128.0.0.0/1 of its own "
                            "AllowedIPs, so its datagrams would be sent into the tunnel"))
      << halves[0];
  EXPECT_EQ(of("", "203.0.113.0/24").size(), 1U);
  EXPECT_EQ(of("", "0.0.0.0/0, 203.0.113.0/24").size(), 1U) << "the longer one is a route";
  EXPECT_EQ(of("", "8000::/1, ::/1", "[2001:db8::1]:7").size(), 1U);
  EXPECT_EQ(of("Table = main\n", "0.0.0.0/0").size(), 1U);
  // Where it works.
  EXPECT_EQ(of("", "0.0.0.0/0, ::/0"), Quiet()) << "by rules and a mark";
  EXPECT_EQ(of("Table = off\n", "0.0.0.0/1, 128.0.0.0/1"), Quiet());
  EXPECT_EQ(of("Table = 1000\n", "0.0.0.0/1, 128.0.0.0/1"), Quiet()) << "no rule leads there";
  EXPECT_EQ(of("[Gateway]\nNamespace = client\n", "0.0.0.0/1, 128.0.0.0/1"), Quiet());
  EXPECT_EQ(of("[Gateway]\nRouteFrom = 10.0.0.2\n", "0.0.0.0/1, 128.0.0.0/1"), Quiet());
  EXPECT_EQ(of("PreUp = ip route add 203.0.113.1 via 192.0.2.254\n", "0.0.0.0/1, 128.0.0.0/1"),
            Quiet());
  EXPECT_EQ(of("", "0.0.0.0/1, 128.0.0.0/1", "vpn.example.com:7"), Quiet()) << "nobody knows yet";
}

TEST(ConfigReviewTest, AnEndpointInThePrefixOfAnotherPeerIsCarriedByThatOne) {
  EXPECT_EQ(Warnings(fmt::format("[Peer]\nPublicKey = {}\nAllowedIPs = 203.0.113.0/24\nEndpoint = "
                                 "192.0.2.1:7\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.0/8\n"
                                 "Endpoint = 203.0.113.1:7\n",
                                 kAnna, kBert)),
            Quiet());
}

TEST(ConfigReviewTest, AnEndpointIsOutsideOfTheTunnelsNetwork) {
  EXPECT_EQ(
      Warning("Address = 10.0.0.2/24\n", "AllowedIPs = 10.0.0.0/24\nEndpoint = 10.0.0.1:7\n"),
      ":8:12: Endpoint 10.0.0.1:7 is in the tunnel's own network 10.0.0.0/24, so its datagrams "
      "would be sent into the tunnel; it must be the peer's address outside");
}

TEST(ConfigReviewTest, EndpointsThatNoPeerCanHave) {
  for (const char* const host : {"0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255", "[ff02::1]"}) {
    EXPECT_EQ(Warning("", fmt::format("AllowedIPs = 10.0.0.2/32\nEndpoint = {}:7\n", host)),
              fmt::format(":7:12: Endpoint {}:7 is no address that a peer can have", host));
  }
}

TEST(ConfigReviewTest, TwoPeersCannotHaveOnePort) {
  EXPECT_EQ(
      Warnings(fmt::format("[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32\nEndpoint = "
                           "h.example:7\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.3/32\n"
                           "Endpoint = h.example:7\n",
                           kAnna, kBert)),
      Texts{":11:12: Endpoint h.example:7 is that of the [Peer] in line 4 too; one port serves "
            "one key"});
}

TEST(ConfigReviewTest, AKeepaliveNeedsAnEndpoint) {
  EXPECT_EQ(
      Warning("", "AllowedIPs = 10.0.0.2/32\nPersistentKeepalive = 25\n"),
      ":7:23: PersistentKeepalive sends nothing to a peer without an Endpoint until it has been "
      "heard; it belongs on the side behind a NAT");
  EXPECT_EQ(PeerWarnings("", "AllowedIPs = 10.0.0.2/32\nPersistentKeepalive = off\n"), Quiet());
}

TEST(ConfigReviewTest, OfManyWarningsAHundredAreListed) {
  std::string text;
  for (int i = 0; i < 150; ++i) {
    crypto::PublicKey key{};
    key[0] = static_cast<uint8_t>(i + 1);
    text += fmt::format("[Peer]\nPublicKey = {}\n", KeyToBase64(key));
  }
  const Texts all = Warnings(text);
  ASSERT_EQ(all.size(), 101U);
  EXPECT_TRUE(all.back().ends_with("and 50 more warnings from here on")) << all.back();
}

TEST(ConfigReviewTest, NextToErrorsNothingIsDoubted) {
  const ConfigParse parse =
      ParseConfigFile(fmt::format("[Interface]\nMTU = none\n[Peer]\nPublicKey = {}\n", kAnna));
  EXPECT_EQ(parse.errors.size(), 1U);
  EXPECT_TRUE(parse.warnings.empty());
}

TEST(ConfigReviewTest, ABridgeNamesPeersThatItCannotReachAndWhoReachesWhom) {
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
