#include "platform/connect/connected_config.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringwire::platform {
namespace {

enrol::PushedConfig Pushed() {
  enrol::PushedConfig pushed;
  pushed.gateway_key = {7};
  pushed.addresses = {*IpAddress::Parse("10.77.0.5"), *IpAddress::Parse("fd77::5")};
  pushed.settings.gateway_addresses = {*IpAddress::Parse("10.77.0.1")};
  pushed.settings.routes = {*Prefix::Parse("10.77.0.0/16"), *Prefix::Parse("192.168.60.0/24")};
  pushed.settings.endpoints = {"vpn.example.net:51820", "192.0.2.1:51820"};
  pushed.settings.dns_servers = {*IpAddress::Parse("192.168.60.1")};
  pushed.settings.dns_domains = {"~corp.example"};
  pushed.settings.mtu = 1400;
  pushed.settings.keepalive_s = 25;
  return pushed;
}

ConfigFile Own() {
  ConfigFile own;
  own.connect.emplace().server = {"vpn.example.net", 443};
  own.gateway.kill_switch.on = true;
  return own;
}

crypto::PresharedKey PresharedKey() {
  crypto::PresharedKey key;
  key.bytes()[0] = 9;
  return key;
}

std::vector<Prefix> PrefixesOf(const ConfigFile& config) {
  return RemainingPrefixes(config.peers.front().allowed_ips);
}

TEST(ConnectedConfigTest, TheGatewayBecomesTheOnePeer) {
  const ConfigFile config = ConnectedConfig(Own(), Pushed(), PresharedKey()).value();
  ASSERT_EQ(config.peers.size(), 1u);
  const PeerConfig& peer = config.peers.front();
  EXPECT_EQ(peer.public_key, crypto::PublicKey{7});
  EXPECT_TRUE(peer.preshared_key == PresharedKey());
  EXPECT_EQ(peer.endpoint, (EndpointName{"vpn.example.net", 51820}));
  EXPECT_EQ(peer.persistent_keepalive_seconds, 25);
  EXPECT_EQ(peer.name, "vpn.example.net");
  EXPECT_TRUE(config.gateway.kill_switch.on) << "the user's own part stays";
}

TEST(ConnectedConfigTest, ReachesTheGatewayAndTheRoutes) {
  const ConfigFile config = ConnectedConfig(Own(), Pushed(), PresharedKey()).value();
  EXPECT_EQ(PrefixesOf(config),
            (std::vector<Prefix>{*Prefix::Parse("10.77.0.1/32"), *Prefix::Parse("10.77.0.0/16"),
                                 *Prefix::Parse("192.168.60.0/24")}));
}

TEST(ConnectedConfigTest, AddressesAreSingleHosts) {
  const ConfigFile config = ConnectedConfig(Own(), Pushed(), PresharedKey()).value();
  ASSERT_EQ(config.addresses.size(), 2u);
  EXPECT_EQ(config.addresses[0].ToString(), "10.77.0.5/32");
  EXPECT_EQ(config.addresses[1].ToString(), "fd77::5/128");
}

TEST(ConnectedConfigTest, WithoutRoutesOnlyTheGatewayIsReached) {
  enrol::PushedConfig pushed = Pushed();
  pushed.settings.routes.clear();
  const ConfigFile config = ConnectedConfig(Own(), pushed, PresharedKey()).value();
  EXPECT_EQ(PrefixesOf(config), std::vector<Prefix>{*Prefix::Parse("10.77.0.1/32")});
}

TEST(ConnectedConfigTest, TakesDnsAndMtu) {
  const ConfigFile config = ConnectedConfig(Own(), Pushed(), PresharedKey()).value();
  EXPECT_EQ(config.mtu, 1400);
  ASSERT_EQ(config.dns.servers.size(), 1u);
  EXPECT_EQ(config.dns.servers.front().ToString(), "192.168.60.1");
  EXPECT_EQ(config.dns.search, std::vector<std::string>{"~corp.example"});
}

TEST(ConnectedConfigTest, TheUsersOwnMtuAndDnsStay) {
  ConfigFile own = Own();
  own.mtu = 1300;
  own.dns.servers = {{*IpAddress::Parse("192.0.2.53"), {}}};
  const ConfigFile config = ConnectedConfig(own, Pushed(), PresharedKey()).value();
  EXPECT_EQ(config.mtu, 1300);
  ASSERT_EQ(config.dns.servers.size(), 1u);
  EXPECT_EQ(config.dns.servers.front().ToString(), "192.0.2.53");
  EXPECT_TRUE(config.dns.search.empty());
}

TEST(ConnectedConfigTest, RefusesAnEndpointThatIsNone) {
  for (const char* const endpoint : {"", "vpn.example.net", "-x", "host:0x", "a b:1"}) {
    enrol::PushedConfig pushed = Pushed();
    pushed.settings.endpoints = {endpoint};
    EXPECT_FALSE(ConnectedConfig(Own(), pushed, PresharedKey()).ok()) << endpoint;
  }
}

}  // namespace
}  // namespace ringwire::platform
