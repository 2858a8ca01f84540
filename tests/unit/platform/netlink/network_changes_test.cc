#include "platform/netlink/network_changes.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <fstream>
#include <optional>

#include "platform/netlink/netlink.h"
#include "platform/netlink/route_monitor.h"
#include "platform/netlink/route_netlink.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kTable = 51820;

Route InterfaceRoute(const char* prefix, uint32_t table = kTable) {
  Route route;
  route.prefix = *Prefix::Parse(prefix);
  route.table = table;
  return route;
}

// What the kernel says about real changes in a network namespace.
class NetworkChangesTest : public NetworkNamespaceTest {
 protected:
  void SetUp() override {
    NetworkNamespaceTest::SetUp();
    if (IsSkipped()) return;
    own_.emplace(*CreateTunDevice({.name = "wg0"}));
    other_.emplace(*CreateTunDevice({.name = "other0"}));
    objects_ = {own_->interface_index, {kTable}, {}};
    routes_.emplace(*RouteNetlink::Open());
    netlink_.emplace(*Netlink::Open());
    SetLinkUp("wg0", true);
    SetLinkUp("other0", true);
  }

  // The changes that `change` makes.
  template <typename Change>
  NetworkChanges After(Change change) {
    absl::StatusOr<RouteMonitor> monitor = RouteMonitor::Open();
    EXPECT_TRUE(monitor.ok()) << monitor.status();
    change();
    NetworkChanges changes;
    EXPECT_TRUE(monitor->Take([&](nlmsghdr* message) { AddMessage(message, objects_, &changes); }));
    return changes;
  }

  std::optional<TunDevice> own_;
  std::optional<TunDevice> other_;
  TunnelObjects objects_;
  std::optional<RouteNetlink> routes_;
  std::optional<Netlink> netlink_;
};

TEST_F(NetworkChangesTest, ARemovedRuleIsNamed) {
  const Rule rule{.family = IpFamily::kV6, .priority = 4242, .table = kTable};
  ASSERT_TRUE(routes_->AddRule(rule).ok());
  const NetworkChanges changes = After([&] { EXPECT_TRUE(routes_->RemoveRule(rule).ok()); });
  EXPECT_EQ(changes.rules, (std::vector<NetworkChanges::RemovedRule>{{IpFamily::kV6, 4242}}));
  EXPECT_TRUE(changes.MayConcernTunnel());
  EXPECT_FALSE(changes.local_networks);
}

TEST_F(NetworkChangesTest, ARemovedRouteOfTheTunnelIsNamed) {
  Route refusing = InterfaceRoute("0.0.0.0/0");
  refusing.type = Route::Type::kUnreachable;
  const Route main = InterfaceRoute("198.51.100.0/24", 254);
  for (const Route& route : {main, refusing}) {
    ASSERT_TRUE(routes_->AddRoute(route, own_->interface_index).ok());
    const NetworkChanges changes =
        After([&] { EXPECT_TRUE(routes_->RemoveRoute(route, own_->interface_index).ok()); });
    EXPECT_EQ(changes.routes,
              (std::vector<NetworkChanges::RemovedRoute>{{route.prefix, route.table}}));
    EXPECT_FALSE(changes.local_networks);
  }
}

TEST_F(NetworkChangesTest, ItsOwnNewRoutesAreNoChange) {
  const NetworkChanges changes = After([&] {
    EXPECT_TRUE(routes_->AddRoute(InterfaceRoute("198.51.100.0/24"), own_->interface_index).ok());
  });
  EXPECT_FALSE(changes.MayConcernTunnel());
  EXPECT_FALSE(changes.local_networks);
}

TEST_F(NetworkChangesTest, AConnectedNetworkMayBeLocal) {
  const NetworkChanges changes = After([&] {
    EXPECT_TRUE(
        netlink_->AddAddress(other_->interface_index, *InterfaceAddress::Parse("10.5.0.1/24"))
            .ok());
  });
  EXPECT_TRUE(changes.local_networks);
  EXPECT_FALSE(changes.MayConcernTunnel());
}

TEST_F(NetworkChangesTest, ARouteOfARoutingDaemonIsNone) {
  ASSERT_TRUE(
      netlink_->AddAddress(other_->interface_index, *InterfaceAddress::Parse("10.5.0.1/24")).ok());
  const NetworkChanges changes = After([&] {
    EXPECT_EQ(::system("ip route add 198.51.100.0/24 via 10.5.0.2 proto bird"), 0);
    EXPECT_EQ(::system("ip route del 198.51.100.0/24"), 0);
  });
  EXPECT_FALSE(changes.local_networks) << "behind a gateway, and a public prefix";
}

TEST_F(NetworkChangesTest, ADefaultRouteMayBeAnotherUplink) {
  ASSERT_TRUE(
      netlink_->AddAddress(other_->interface_index, *InterfaceAddress::Parse("10.5.0.1/24")).ok());
  const NetworkChanges changes = After(
      [] { EXPECT_EQ(::system("ip route add default via 10.5.0.2 proto bird metric 7"), 0); });
  EXPECT_TRUE(changes.local_networks);
}

TEST_F(NetworkChangesTest, AnAddressThatGoesIsSeenOnTheOwnInterfaceOnly) {
  const InterfaceAddress address = *InterfaceAddress::Parse("10.5.0.1/24");
  for (const uint32_t index : {own_->interface_index, other_->interface_index}) {
    ASSERT_TRUE(netlink_->AddAddress(index, address).ok());
    const NetworkChanges changes =
        After([&] { EXPECT_TRUE(netlink_->RemoveAddress(index, address).ok()); });
    EXPECT_EQ(changes.addresses, index == own_->interface_index);
  }
}

TEST_F(NetworkChangesTest, ForwardingAndReversePathChecksAreSeen) {
  for (const char* const path :
       {"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding",
        "/proc/sys/net/ipv4/conf/all/rp_filter"}) {
    std::ofstream(path) << 0;
    EXPECT_TRUE(After([path] { std::ofstream(path) << 1; }).sysctls) << path;
  }
}

TEST_F(NetworkChangesTest, TheStateOfTheLinkIsSeen) {
  EXPECT_TRUE(After([] { SetLinkUp("wg0", false); }).link);
  const NetworkChanges other = After([] { SetLinkUp("other0", false); });
  EXPECT_FALSE(other.link);
  EXPECT_TRUE(other.local_networks) << "IPv4 routes go with it without a word";
}

}  // namespace
}  // namespace ringwire::platform
