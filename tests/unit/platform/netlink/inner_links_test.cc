#include "platform/netlink/inner_links.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ringwire::platform {
namespace {

LinkRoute Network(uint32_t link, const char* prefix) { return {link, *Prefix::Parse(prefix)}; }
LinkRoute Default(uint32_t link) { return {link, *Prefix::Parse("0.0.0.0/0"), true, true}; }

Link Hardware(uint32_t index) { return {.index = index, .name = "eth0", .kind = {}}; }
Link Bridge(uint32_t index) { return {.index = index, .name = "br", .kind = "bridge"}; }
// Its other end is in another namespace.
Link Veth(uint32_t index, uint32_t master = 0) {
  return {.index = index,
          .name = "ve",
          .kind = "veth",
          .below = 2,
          .below_is_elsewhere = true,
          .master = master};
}
Link On(uint32_t below, std::string_view kind, uint32_t index) {
  return {.index = index, .name = "on", .kind = std::string(kind), .below = below};
}

// Whether the link with this number is inner. Each gets a network, without which none matters.
bool IsInner(uint32_t index, std::vector<Link> links, std::vector<LinkRoute> routes = {}) {
  routes.push_back(Network(index, "10.9.0.0/24"));
  for (Link& link : links) link.name += std::to_string(link.index);
  const auto link = std::ranges::find(links, index, &Link::index);
  const InnerLinks inner = InnerLinksOf(links, routes);
  return std::ranges::find(inner.links, link->name, &InnerLink::name) != inner.links.end();
}

TEST(InnerLinksTest, ABridgeIsInnerIfAllItsPortsAre) {
  const Link bridge = Bridge(1);
  EXPECT_TRUE(IsInner(1, {bridge, Veth(5, 1), Veth(6, 1)}));
  EXPECT_FALSE(IsInner(5, {bridge, Veth(5, 1)})) << "a port is not addressed";
  EXPECT_FALSE(IsInner(1, {bridge})) << "its first port is yet to come, and may be hardware";
  Link uplink = Hardware(7);
  uplink.master = 1;
  EXPECT_FALSE(IsInner(1, {bridge, Veth(5, 1), uplink}));
  Link tap{.index = 8, .name = "tap", .kind = "tun", .is_tap = true, .master = 1};
  EXPECT_TRUE(IsInner(1, {bridge, tap})) << "of a virtual machine";
  Link vxlan{.index = 9, .name = "vx", .kind = "vxlan", .master = 1};
  EXPECT_TRUE(IsInner(1, {bridge, Veth(5, 1), vxlan})) << "the host itself sends what it seals";
  Link vlan = On(20, "vlan", 10);
  vlan.master = 1;
  EXPECT_FALSE(IsInner(1, {bridge, vlan, Hardware(20)}));
  Link bond{.index = 11, .name = "bond", .kind = "bond", .master = 1};
  EXPECT_FALSE(IsInner(1, {bridge, bond}));
}

TEST(InnerLinksTest, AWayToTheWorldIsNone) {
  EXPECT_FALSE(IsInner(1, {Bridge(1), Veth(5, 1)}, {Default(1)}));
  EXPECT_TRUE(IsInner(1, {Bridge(1), Veth(5, 1), Hardware(7)}, {Default(7)}));
  EXPECT_FALSE(IsInner(1, {Bridge(1), Veth(5, 1)}, {Default(0)})) << "several ways: any of them";
  const LinkRoute behind = {1, *Prefix::Parse("10.5.0.0/16"), true, false};
  EXPECT_TRUE(IsInner(1, {Bridge(1), Veth(5, 1)}, {behind})) << "a container is a router";
  EXPECT_FALSE(IsInner(1, {Veth(1)}, {behind})) << "this is the container";
}

TEST(InnerLinksTest, SomeInterfacesThatAreNoPortsAreInner) {
  EXPECT_TRUE(IsInner(1, {Veth(1)}));
  EXPECT_FALSE(IsInner(1, {Veth(1)}, {Default(1)}));
  EXPECT_TRUE(IsInner(1, {{.index = 1, .name = "d", .kind = "dummy"}}));
  EXPECT_TRUE(IsInner(1, {{.index = 1, .name = "t", .kind = "tun", .is_tap = true}}));
  EXPECT_FALSE(IsInner(1, {{.index = 1, .name = "t", .kind = "tun"}})) << "another VPN";
  for (const char* const kind : {"wireguard", "vxlan", "bond", "ppp", "gre", "vrf"}) {
    EXPECT_FALSE(IsInner(1, {{.index = 1, .name = "x", .kind = kind}})) << kind;
  }
  EXPECT_FALSE(IsInner(1, {Hardware(1)}));
}

TEST(InnerLinksTest, WhatStandsOnAnotherIsLikeThatOne) {
  for (const char* const kind : {"macvlan", "ipvlan", "vlan"}) {
    const Link dummy{.index = 2, .name = "d", .kind = "dummy"};
    EXPECT_TRUE(IsInner(1, {On(2, kind, 1), dummy})) << kind;
    EXPECT_FALSE(IsInner(1, {On(2, kind, 1), Hardware(2)})) << kind;
    EXPECT_FALSE(IsInner(1, {On(2, kind, 1), Veth(2)}, {Default(2)})) << kind;
    EXPECT_FALSE(IsInner(1, {On(2, kind, 1)})) << "the other one is nowhere";
    Link elsewhere = On(2, kind, 1);
    elsewhere.below_is_elsewhere = true;
    EXPECT_FALSE(IsInner(1, {elsewhere, dummy})) << "in a container, on the host's uplink";
  }
}

TEST(InnerLinksTest, TheOtherEndOfAVethDecides) {
  Link left{.index = 5, .name = "l", .kind = "veth", .below = 6, .master = 1};
  Link right{.index = 6, .name = "r", .kind = "veth", .below = 5, .master = 2};
  Link uplink = Hardware(7);
  EXPECT_TRUE(IsInner(1, {Bridge(1), left, right, Bridge(2)})) << "two bridges, a cable between";
  uplink.master = 2;
  const std::vector<Link> joined = {Bridge(1), left, right, Bridge(2), uplink};
  EXPECT_FALSE(IsInner(1, joined)) << "through the other bridge";
  EXPECT_FALSE(IsInner(2, joined));
  right.master = 0;
  EXPECT_TRUE(IsInner(1, {Bridge(1), left, right})) << "it ends in the host itself";
}

TEST(InnerLinksTest, LinksAndNetworksAreBounded) {
  std::vector<Link> links;
  std::vector<LinkRoute> routes;
  for (uint32_t i = 1; i <= kInnerLinksMax + 2; ++i) {
    links.push_back(Veth(i));
    routes.insert(routes.end(), kInnerNetworksMax + 1, Network(i, "10.9.0.0/24"));
  }
  const InnerLinks inner = InnerLinksOf(links, routes);
  EXPECT_EQ(inner.links.size(), kInnerLinksMax);
  EXPECT_EQ(inner.omitted, 2U);
  EXPECT_EQ(inner.links[0].networks.size(), kInnerNetworksMax);
  EXPECT_TRUE(InnerLinksOf(std::vector{Veth(1)}, {}).links.empty()) << "without a network";
}

}  // namespace
}  // namespace ringwire::platform
