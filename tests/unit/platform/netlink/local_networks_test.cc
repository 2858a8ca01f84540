#include "platform/netlink/local_networks.h"

#include <linux/rtnetlink.h>

#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

HostRoute Advertised(std::string_view prefix, uint8_t protocol = RTPROT_KERNEL) {
  return {*Prefix::Parse(prefix), protocol};
}
HostRoute OnLink(std::string_view prefix, uint8_t protocol = RTPROT_KERNEL) {
  HostRoute route = Advertised(prefix, protocol);
  route.has_address = true;
  return route;
}
HostRoute Via(std::string_view prefix, uint8_t protocol = RTPROT_BOOT) {
  HostRoute route = Advertised(prefix, protocol);
  route.has_gateway = true;
  return route;
}
HostRoute ByTunnel(std::string_view prefix) {
  HostRoute route = Advertised(prefix, RTPROT_BOOT);
  route.by_tunnel = true;
  return route;
}

std::string Text(const LocalNetworks& local) {
  std::string text;
  for (const LocalNetwork& network : local.networks) {
    text += fmt::format("{}{} ", network.prefix.ToString(), network.connected ? "" : "*");
  }
  return text;
}

TEST(LocalNetworksTest, AConnectedNetworkIsLocalUnlessItIsTooWide) {
  for (const char* const prefix : {"192.0.2.0/24", "198.18.0.0/16", "10.0.0.0/8", "172.17.0.0/16",
                                   "203.0.113.9/32", "2001:db8::/64", "fd00::/8", "fe80::/64"}) {
    EXPECT_TRUE(IsLocal(OnLink(prefix))) << prefix;
  }
  for (const char* const prefix :
       {"0.0.0.0/1", "128.0.0.0/1", "198.0.0.0/8", "8.0.0.0/15", "::/1", "2001:db8::/32"}) {
    EXPECT_FALSE(IsLocal(OnLink(prefix))) << prefix;
  }
  EXPECT_TRUE(IsLocal(OnLink("2001:db8::/64", RTPROT_RA))) << "as networkd makes it";
}

TEST(LocalNetworksTest, AnAdvertisedNetworkWithoutAnAddressIsNotLocal) {
  for (const char* const prefix : {"2001:db8:7::/64", "2001:db8:7::7/128", "fd77::/64"}) {
    for (const int made_by : {RTPROT_KERNEL, RTPROT_RA}) {
      const HostRoute route = Advertised(prefix, static_cast<uint8_t>(made_by));
      EXPECT_FALSE(IsLocal(route)) << prefix << " by " << made_by;
      EXPECT_FALSE(IsLocalLater(route)) << prefix << " by " << made_by;
    }
  }
}

TEST(LocalNetworksTest, RoutesLeadToTheWorldUnlessPrivateOrConnected) {
  for (const char* const prefix : {"0.0.0.0/0", "128.0.0.0/1", "203.0.113.7/32", "::/0"}) {
    EXPECT_TRUE(IsToWorld(Via(prefix))) << prefix;
  }
  EXPECT_TRUE(IsToWorld(OnLink("0.0.0.0/1"))) << "no link is that wide";
  EXPECT_TRUE(IsToWorld(OnLink("0.0.0.0/0", RTPROT_BOOT)));
  EXPECT_FALSE(IsToWorld(OnLink("203.0.113.0/24")));
  EXPECT_FALSE(IsToWorld(Via("10.0.0.0/8")));
  EXPECT_FALSE(IsToWorld(Via("192.168.9.1/32")));
  EXPECT_TRUE(IsWide(*Prefix::Parse("0.0.0.0/7")));
  EXPECT_FALSE(IsWide(*Prefix::Parse("9.0.0.0/8")));
}

TEST(LocalNetworksTest, ARouteToAPublicAddressIsNeverLocal) {
  for (const int made_by : {RTPROT_BOOT, RTPROT_STATIC, RTPROT_DHCP, RTPROT_KERNEL}) {
    const auto protocol = static_cast<uint8_t>(made_by);
    EXPECT_FALSE(IsLocal(Via("0.0.0.0/1", protocol)));
    EXPECT_FALSE(IsLocal(Via("198.51.100.7/32", protocol)));
    EXPECT_FALSE(IsLocal(Via("198.51.100.0/24", protocol)));
    EXPECT_FALSE(IsLocal(Via("::/1", protocol)));
    EXPECT_FALSE(IsLocal(Via("2001:db8:7::/48", protocol)));
  }
  EXPECT_FALSE(IsLocal(OnLink("198.51.100.7/32", RTPROT_BOOT))) << "a fake neighbour";
  EXPECT_FALSE(IsLocal(OnLink("198.51.100.0/24", RTPROT_DHCP)));
  EXPECT_FALSE(IsLocal(OnLink("198.51.100.0/24", RTPROT_RA))) << "there is no such thing";
}

TEST(LocalNetworksTest, ARouteToAPrivateRangeIsLocalUnlessTheNetworkAssignedIt) {
  EXPECT_TRUE(IsLocal(Via("10.20.0.0/16")));
  EXPECT_TRUE(IsLocal(Via("172.16.0.0/12", RTPROT_STATIC)));
  EXPECT_TRUE(IsLocal(Via("100.64.0.0/10", RTPROT_BIRD)));
  EXPECT_TRUE(IsLocal(Via("fd12:3456::/32")));
  EXPECT_TRUE(IsLocal(OnLink("224.0.0.0/4", RTPROT_BOOT))) << "multicast";
  EXPECT_FALSE(IsLocal(Via("10.20.0.0/16", RTPROT_DHCP)));
  EXPECT_FALSE(IsLocal(Via("10.20.0.0/16", RTPROT_REDIRECT)));
  EXPECT_FALSE(IsLocal(Via("fd12:3456::/32", RTPROT_RA)));
  EXPECT_FALSE(IsLocal(Via("10.20.0.9/32"))) << "a single host is what an attacker wants";
  EXPECT_FALSE(IsLocal(Via("8.0.0.0/6"))) << "more than the range";
}

TEST(LocalNetworksTest, NetworksOfAnotherTunnelAreLocalExceptHalvesOfTheInternet) {
  EXPECT_TRUE(IsLocal(ByTunnel("203.0.113.0/24")));
  EXPECT_TRUE(IsLocal(ByTunnel("203.0.113.9/32")));
  EXPECT_FALSE(IsLocal(ByTunnel("0.0.0.0/1")));
  EXPECT_FALSE(IsLocal(ByTunnel("8000::/1")));
}

TEST(LocalNetworksTest, ARouteOfTheFilesOwnHookCountsWhateverItLeadsTo) {
  const LocalNetworks start = LocalNetworksOf(std::vector{OnLink("192.168.1.0/24")});
  const std::vector<Prefix> of_hooks = {*Prefix::Parse("10.0.0.0/8"),
                                        *Prefix::Parse("203.0.113.5/32"),
                                        *Prefix::Parse("192.168.1.7/32")};
  const LocalNetworks with = WithNetworksOfHooks(start, of_hooks);
  EXPECT_EQ(Text(with), "192.168.1.0/24 10.0.0.0/8* 203.0.113.5/32* ");
  EXPECT_EQ(Text(LocalNetworksLater(with, {})), Text(with));
  EXPECT_EQ(WithNetworksOfHooks(start, std::vector{*Prefix::Parse("0.0.0.0/1")}), start)
      << "which would be the whole tunnel";
  EXPECT_TRUE(IsByHand(Via("10.0.0.0/8")));
  EXPECT_TRUE(IsByHand(Via("10.0.0.0/8", RTPROT_STATIC)));
  EXPECT_FALSE(IsByHand(Via("10.0.0.0/8", RTPROT_DHCP)));
  EXPECT_FALSE(IsByHand(OnLink("10.0.0.0/8")));
}

TEST(LocalNetworksTest, APublicNetworkThatAppearsLaterIsNotLocal) {
  EXPECT_FALSE(IsLocalLater(OnLink("198.51.100.0/24")));
  EXPECT_FALSE(IsLocalLater(OnLink("2001:db8:7::/64")));
  EXPECT_TRUE(IsLocalLater(OnLink("192.168.1.0/24")));
  EXPECT_TRUE(IsLocalLater(Via("10.20.0.0/16", RTPROT_STATIC)));
  EXPECT_FALSE(IsLocalLater(Via("10.20.0.0/16")))
      << "which a script of a DHCP client made, perhaps";
  EXPECT_TRUE(IsLocalLater(ByTunnel("203.0.113.0/24")));
  const LocalNetworks start = LocalNetworksOf(
      std::vector{OnLink("198.51.100.0/24"), OnLink("192.168.1.0/24"), OnLink("10.9.0.0/24")});
  const std::vector now = {OnLink("203.0.113.0/24"), OnLink("192.168.2.0/24")};
  EXPECT_EQ(Text(LocalNetworksLater(start, now)),
            "10.9.0.0/24 192.168.1.0/24 192.168.2.0/24 198.51.100.0/24 ")
      << "a network of the start stays, as its link may come back";
}

TEST(LocalNetworksTest, DropsNetworksInsideOthersButKeepsConnectedOnesApart) {
  EXPECT_EQ(Text(LocalNetworksOf(std::vector{Via("10.0.0.0/8"), OnLink("10.1.2.0/24"),
                                             OnLink("10.1.0.0/16"), Via("10.5.0.0/16"),
                                             OnLink("10.1.2.0/24"), Via("0.0.0.0/1")})),
            "10.1.0.0/16 10.0.0.0/8* ");
}

TEST(LocalNetworksTest, TakesAtMostTheLimitAndCountsTheRest) {
  std::vector<HostRoute> routes;
  for (int i = 0; i < 70; ++i) routes.push_back(Via(fmt::format("10.{}.0.0/16", i)));
  routes.push_back(OnLink("192.168.1.0/24"));
  const LocalNetworks local = LocalNetworksOf(routes);
  EXPECT_EQ(local.networks.size(), kLocalNetworksMax);
  EXPECT_EQ(local.omitted, 7u);
  EXPECT_EQ(local.networks.front().prefix.ToString(), "192.168.1.0/24");
}

TEST(LocalNetworksTest, FindsTheNetworkOfAnAddressAConnectedOneFirst) {
  const LocalNetworks local =
      LocalNetworksOf(std::vector{Via("10.0.0.0/8"), OnLink("10.1.0.0/16")});
  EXPECT_EQ(local.NetworkOf(*IpAddress::Parse("10.64.0.1"))->prefix, *Prefix::Parse("10.0.0.0/8"));
  EXPECT_EQ(local.NetworkOf(*IpAddress::Parse("10.1.0.1"))->prefix, *Prefix::Parse("10.1.0.0/16"));
  EXPECT_EQ(local.NetworkOf(*IpAddress::Parse("192.0.2.1")), nullptr);
}

}  // namespace
}  // namespace ringwire::platform
