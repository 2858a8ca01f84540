#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/unit/core/config/config_review_texts.h"

// What `check` and `up` say where a file can hardly mean what it says.
namespace ringwire {
namespace {

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
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.1/24, 10.9.0.1/32, 10.9.0.2/31, fd00::1/64\n",
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
  EXPECT_EQ(of("", "0.0.0.0/1", "vpn.example.com:7"), Quiet()) << "nobody knows yet";
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

TEST(ConfigReviewTest, AKeyWithOneValueStandsOnce) {
  EXPECT_EQ(Warnings("ListenPort = 7\n"),
            Texts{":4:1: ListenPort is in line 3 already; only this line counts"});
  EXPECT_EQ(Warning("",
                    "AllowedIPs = 10.0.0.2/32\nEndpoint = 192.0.2.1:1\nEndpoint = "
                    "192.0.2.1:2\n"),
            ":8:1: Endpoint is in line 7 already; only this line counts");
  EXPECT_EQ(Warnings("[Gateway]\nForward = on\n[Interface]\nMTU = 1400\n[Gateway]\nForward = "
                     "off\n"),
            Texts{":9:1: Forward is in line 5 already; only this line counts"});
  EXPECT_EQ(Warnings(fmt::format("Address = 10.0.0.1/24\nAddress = fd00::1/64\nPostUp = a\n"
                                 "PostUp = b\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32\n"
                                 "AllowedIPs = fd00::2/128\n[Peer]\nPublicKey = {}\n"
                                 "AllowedIPs = 10.0.0.3/32\n",
                                 kAnna, kBert)),
            Quiet())
      << "lists, and keys of another peer";
}

TEST(ConfigReviewTest, AddressesThatNoInterfaceCanHave) {
  for (const std::string_view address :
       {"127.0.0.2/8", "224.0.0.5/32", "255.255.255.255/32", "::1/128", "ff02::1/64"}) {
    const Texts warnings = Warnings(fmt::format("Address = {}\n", address));
    ASSERT_EQ(warnings.size(), 1U) << address;
    EXPECT_NE(warnings[0].find("cannot be the address of an interface"), std::string::npos)
        << warnings[0];
  }
}

TEST(ConfigReviewTest, ATableOfTheKernelsOwn) {
  EXPECT_EQ(Warnings("Table = 255\n"),
            Texts{":4:1: Table = 255 is `local`, where the kernel keeps this host's own addresses; "
                  "choose another table"});
  EXPECT_EQ(Warnings("Table = 253\n"),
            Texts{":4:1: Table = 253 is `default`, which counts only where the main table has no "
                  "route; choose another table"});
  EXPECT_EQ(Warnings("Table = 254\n"), Quiet());
  EXPECT_EQ(Warnings("Table = 51820\n"), Quiet());
}

TEST(ConfigReviewTest, AllAddressesAreNotOne) {
  EXPECT_EQ(Warning("", "AllowedIPs = 0.0.0.0\n"),
            ":6:14: AllowedIPs 0.0.0.0/32 is one address, which no host has; 0.0.0.0/0 is all "
            "addresses");
  EXPECT_EQ(Warning("", "AllowedIPs = ::/128\n"),
            ":6:14: AllowedIPs ::/128 is one address, which no host has; ::/0 is all addresses");
}

TEST(ConfigReviewTest, TwoPeersOfOneName) {
  const std::string both = fmt::format(
      "[Peer]\nName = phone\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32\n"
      "[Peer]\nName = phone\nPublicKey = {}\nAllowedIPs = 10.0.0.3/32\n",
      kAnna, kBert);
  EXPECT_EQ(Warnings(both),
            Texts{":8:1: the Name phone of this peer is that of the [Peer] in line 4 too, so "
                  "commands cannot tell them apart by it"});
}

TEST(ConfigReviewTest, AFamilyNeedsAnAddress) {
  EXPECT_EQ(Warning("Address = 10.0.0.1/24\n", "AllowedIPs = 10.0.0.2/32, fd00::2/128\n"),
            ":7:14: AllowedIPs fd00::2/128 is of IPv6, and this interface has no Address of that "
            "family to send from");
  EXPECT_EQ(Warning("Address = fd00::1/64\n", "AllowedIPs = 10.0.0.2/32\n"),
            ":7:14: AllowedIPs 10.0.0.2/32 is of IPv4, and this interface has no Address of that "
            "family to send from");
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.1/24\n",
                         "AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 192.0.2.1:7\n"),
            Quiet())
      << "blocks IPv6 on purpose";
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.1/24\n[Gateway]\nForward = on\n",
                         "AllowedIPs = fd00::2/128\n"),
            Quiet())
      << "for hosts behind this one";
  EXPECT_EQ(PeerWarnings("Address = 10.0.0.1/24\nPostUp = ip -6 addr add fd00::1/64 dev %i\n",
                         "AllowedIPs = fd00::2/128\n"),
            Quiet());
  EXPECT_EQ(PeerWarnings("PostUp = a\n", "AllowedIPs = fd00::2/128\n"), Quiet())
      << "without any Address others decide";
}

TEST(ConfigReviewTest, ANamedEndpointIsInAllowedIpsThatHoldEverything) {
  const std::string peer = "AllowedIPs = {}\nEndpoint = vpn.example:51820\n";
  const auto warns = [&peer](std::string_view interface, std::string_view allowed) {
    const Texts all = PeerWarnings(interface, fmt::format(fmt::runtime(peer), allowed));
    return all.size() == 1 && all[0].find(
                                  "Endpoint vpn.example:51820 is in its own AllowedIPs, "
                                  "which hold every IPv4 address") != std::string::npos;
  };
  EXPECT_TRUE(warns("", "0.0.0.0/1, 128.0.0.0/1"));
  EXPECT_TRUE(warns("Table = main\n", "0.0.0.0/0"));
  EXPECT_FALSE(warns("", "0.0.0.0/0")) << "rules leave the datagrams out";
  EXPECT_FALSE(warns("", "0.0.0.0/1"));
  EXPECT_FALSE(warns("Table = off\n", "0.0.0.0/1, 128.0.0.0/1"));
  EXPECT_FALSE(warns("PostUp = ip route add $(getent hosts vpn.example) via 192.0.2.1\n",
                     "0.0.0.0/1, 128.0.0.0/1"));
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

}  // namespace
}  // namespace ringwire
