#include "core/config/peer_blocks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ringwire {
namespace {

constexpr char kKeyA[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
constexpr char kKeyB[] = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

ConfigFile Parsed(const std::string& text) {
  ConfigParse parse = ParseConfigFile(text);
  EXPECT_TRUE(parse.ok()) << parse.errors.front().message;
  return std::move(parse.config);
}

// The free addresses, with spaces between; or the error.
std::string Free(const std::string& interface, const std::string& allowed_ips = "") {
  std::string text = "[Interface]\n" + interface + "\n";
  if (!allowed_ips.empty()) {
    text += std::string("[Peer]\nPublicKey = ") + kKeyA + "\nAllowedIPs = " + allowed_ips + "\n";
  }
  const auto addresses = FreeAddresses(Parsed(text));
  if (!addresses.ok()) return std::string(addresses.status().message());
  std::string result;
  for (const IpAddress& address : *addresses) {
    result += (result.empty() ? "" : " ") + address.ToString();
  }
  return result;
}

TEST(FreeAddressesTest, TakesTheLowestOfEachFamily) {
  EXPECT_EQ(Free("Address = 10.77.0.1/24, fd77::1/64"), "10.77.0.2 fd77::2");
  EXPECT_EQ(Free("Address = 10.77.0.9/24"), "10.77.0.1");
  EXPECT_EQ(Free("Address = 10.77.0.1/24, fd77::1/64", "10.77.0.2/32, 10.77.0.3/32, fd77::2/128"),
            "10.77.0.4 fd77::3");
}

TEST(FreeAddressesTest, KeepsOutOfPrefixesOfOtherPeers) {
  EXPECT_EQ(Free("Address = 10.77.0.1/24", "10.77.0.0/25"), "10.77.0.128");
  EXPECT_EQ(Free("Address = 10.77.0.1/24", "0.0.0.0/0"), "10.77.0.2");
}

TEST(FreeAddressesTest, CarriesOverByteBoundaries) {
  EXPECT_EQ(Free("Address = 10.77.0.1/16", "10.77.0.0/24"), "10.77.1.0");
  EXPECT_EQ(Free("Address = 10.77.255.1/23", "10.77.254.0/24"), "10.77.255.0");
}

TEST(FreeAddressesTest, NeverGivesTheBroadcastAddress) {
  EXPECT_EQ(Free("Address = 10.77.0.1/30", "10.77.0.2/32"),
            "no address of its interface's networks is free");
}

TEST(FreeAddressesTest, SaysThatThereIsNoNetwork) {
  EXPECT_NE(Free("Address = 10.77.0.1/32, fe80::1/64").find("no network"), std::string::npos);
}

NewPeer Phone() {
  NewPeer peer;
  peer.name = "phone";
  peer.public_key.fill(2);
  peer.addresses = {*IpAddress::Parse("10.77.0.2"), *IpAddress::Parse("fd77::2")};
  return peer;
}

TEST(WithPeerTest, AppendsABlockThatParses) {
  const std::string text = WithPeer("[Interface]\nListenPort = 1", Phone());
  EXPECT_TRUE(text.starts_with("[Interface]\nListenPort = 1\n\n[Peer]\nName = phone\n"));
  const ConfigFile config = Parsed(text);
  ASSERT_EQ(config.peers.size(), 1u);
  EXPECT_EQ(config.peers[0].name, "phone");
  EXPECT_EQ(config.peers[0].public_key, Phone().public_key);
  EXPECT_EQ(config.peers[0].allowed_ips.size(), 2u);
}

const std::string kTwoPeers = std::string("[Interface]\nListenPort = 1\n\n# Alice's\n[Peer]\n") +
                              "PublicKey = " + kKeyA + "\n# inside\nAllowedIPs = 10.0.0.1/32\n\n" +
                              "# Bob's\n# laptop\n[Peer]\r\nPublicKey = " + kKeyB + "\n";

TEST(WithoutPeersTest, TakesABlockWithTheCommentsAboveIt) {
  EXPECT_EQ(
      WithoutPeers(kTwoPeers, std::vector<uint32_t>{5}),
      std::string("[Interface]\nListenPort = 1\n\n# Bob's\n# laptop\n[Peer]\r\nPublicKey = ") +
          kKeyB + "\n");
  EXPECT_EQ(WithoutPeers(kTwoPeers, std::vector<uint32_t>{12}),
            kTwoPeers.substr(0, kTwoPeers.find("# Bob's")));
}

TEST(WithoutPeersTest, TakesSeveralAndNone) {
  EXPECT_EQ(WithoutPeers(kTwoPeers, std::vector<uint32_t>{5, 12}),
            "[Interface]\nListenPort = 1\n\n");
  EXPECT_EQ(WithoutPeers(kTwoPeers, {}), kTwoPeers);
}

TEST(WithoutPeersTest, UndoesWithPeer) {
  const std::string text = "[Interface]\nListenPort = 1\n";
  EXPECT_EQ(WithoutPeers(WithPeer(text, Phone()), std::vector<uint32_t>{4}), text + "\n");
}

TEST(ClientTextTest, IsACompleteConfiguration) {
  const ConfigFile gateway =
      Parsed("[Interface]\nAddress = 10.77.0.1/24, fd77::1/64\nDNS = 10.77.0.53, example.com\n");
  const NewPeer peer = Phone();
  ClientFile client;
  client.private_key.bytes()[5] = 7;
  client.peer = &peer;
  client.gateway = &gateway;
  client.gateway_key.fill(1);
  client.endpoint = "gw.example.com:51820";
  ConfigFile split = Parsed(ClientText(client));
  ASSERT_EQ(split.peers.size(), 1u);
  EXPECT_EQ(split.peers[0].public_key, client.gateway_key);
  EXPECT_EQ(split.peers[0].endpoint->ToString(), "gw.example.com:51820");
  EXPECT_EQ(split.peers[0].persistent_keepalive_seconds, 25);
  EXPECT_EQ(split.addresses.front().ToString(), "10.77.0.2/32");
  ASSERT_EQ(split.peers[0].allowed_ips.size(), 2u);
  EXPECT_EQ(split.peers[0].allowed_ips[0].prefix.ToString(), "10.77.0.0/24");
  EXPECT_TRUE(split.dns.servers.empty());
  client.full_tunnel = true;
  split = Parsed(ClientText(client));
  EXPECT_EQ(split.peers[0].allowed_ips[0].prefix.ToString(), "0.0.0.0/0");
  EXPECT_EQ(split.dns.servers.size(), 1u);
}

}  // namespace
}  // namespace ringwire
