#include "platform/gateway/route_netlink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "platform/netlink/netlink.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/gateway/has_route.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kTable = 51820;

class RouteNetlinkTest : public NetworkNamespaceTest {
 protected:
  void SetUp() override {
    NetworkNamespaceTest::SetUp();
    if (IsSkipped()) return;
    tun_.emplace(MustCreate("wg0"));
    index_ = tun_->interface_index;
    absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
    ASSERT_TRUE(netlink.ok()) << netlink.status();
    netlink_.emplace(*std::move(netlink));
  }

  static TunDevice MustCreate(const std::string& name) {
    absl::StatusOr<TunDevice> device = CreateTunDevice({.name = name});
    EXPECT_TRUE(device.ok()) << device.status();
    SetLinkUp(name, true);
    return *std::move(device);
  }
  bool Uses(uint32_t table) {
    const auto tables = netlink_->TablesInUse();
    EXPECT_TRUE(tables.ok()) << tables.status();
    return std::ranges::find(*tables, table) != tables->end();
  }
  size_t CountOf(uint32_t priority) {
    const auto rules = netlink_->Rules();
    EXPECT_TRUE(rules.ok()) << rules.status();
    return static_cast<size_t>(std::ranges::count(rules->priorities, priority));
  }
  static Route To(const char* prefix, uint32_t table = kTable) {
    return {Route::Type::kInterface, *Prefix::Parse(prefix), table, 0};
  }

  std::optional<TunDevice> tun_;
  std::optional<RouteNetlink> netlink_;
  uint32_t index_ = 0;
};

TEST_F(RouteNetlinkTest, RoutesComeAndGoInBothFamilies) {
  EXPECT_FALSE(Uses(kTable));
  for (const char* const prefix : {"10.8.0.0/16", "0.0.0.0/0", "fd08::/64", "::/0"}) {
    EXPECT_EQ(*netlink_->AddRoute(To(prefix), index_), true) << prefix;
    EXPECT_TRUE(Uses(kTable)) << prefix;
    EXPECT_EQ(*netlink_->AddRoute(To(prefix), index_), false) << prefix << " is there";
    EXPECT_TRUE(HasRoute(&*netlink_, To(prefix), index_)) << prefix;
    EXPECT_FALSE(HasRoute(&*netlink_, To(prefix, kTable + 1), index_)) << "of another table";
    EXPECT_TRUE(netlink_->RemoveRoute(To(prefix), index_).ok()) << prefix;
    EXPECT_FALSE(Uses(kTable)) << prefix;
    EXPECT_TRUE(netlink_->RemoveRoute(To(prefix), index_).ok()) << prefix << " is not there";
  }
}

TEST_F(RouteNetlinkTest, ATableMayHaveAnyNumber) {
  const Route route = To("10.8.0.0/16", 0xfffffff0);
  ASSERT_TRUE(netlink_->AddRoute(route, index_).ok());
  EXPECT_TRUE(Uses(0xfffffff0));
}

TEST_F(RouteNetlinkTest, AnUnreachableRouteIsBehindTheInterfacesAndStaysWithoutIt) {
  for (const char* const prefix : {"0.0.0.0/0", "::/0"}) {
    const Route closed{Route::Type::kUnreachable, *Prefix::Parse(prefix), kTable, UINT32_MAX};
    EXPECT_EQ(*netlink_->AddRoute(closed, 0), true) << prefix;
    EXPECT_EQ(*netlink_->AddRoute(To(prefix), index_), true) << prefix;
    EXPECT_EQ(*netlink_->AddRoute(closed, 0), false) << prefix;
  }
  tun_.reset();
  EXPECT_TRUE(Uses(kTable));
  for (const char* const prefix : {"0.0.0.0/0", "::/0"}) {
    const Route closed{Route::Type::kUnreachable, *Prefix::Parse(prefix), kTable, UINT32_MAX};
    EXPECT_TRUE(netlink_->RemoveRoute(To(prefix), index_).ok()) << "it went with its interface";
    EXPECT_TRUE(HasRoute(&*netlink_, closed, 0)) << prefix;
    EXPECT_TRUE(netlink_->RemoveRoute(closed, 0).ok()) << prefix;
  }
  EXPECT_FALSE(Uses(kTable));
}

TEST_F(RouteNetlinkTest, ARouteOfAnotherInterfaceIsNotOursAndIsNotRemoved) {
  const TunDevice other = MustCreate("eth0");
  for (const char* const prefix : {"10.8.0.0/16", "fd08::/64"}) {
    ASSERT_TRUE(*netlink_->AddRoute(To(prefix), other.interface_index));
    EXPECT_TRUE(absl::IsAlreadyExists(netlink_->AddRoute(To(prefix), index_).status())) << prefix;
    EXPECT_FALSE(HasRoute(&*netlink_, To(prefix), index_)) << prefix;
    EXPECT_TRUE(netlink_->RemoveRoute(To(prefix), index_).ok()) << prefix;
    EXPECT_TRUE(HasRoute(&*netlink_, To(prefix), other.interface_index)) << prefix;
  }
}

TEST_F(RouteNetlinkTest, TheRouteOfAnAddressOfTheInterfaceIsNoObstacle) {
  const InterfaceAddress address = *InterfaceAddress::Parse("10.7.0.2/24");
  const Route route = To("10.7.0.0/24", kMainTable);
  absl::StatusOr<Netlink> link = Netlink::Open();
  ASSERT_TRUE(link.ok()) << link.status();
  ASSERT_TRUE(*link->AddAddress(index_, address));
  EXPECT_EQ(*netlink_->AddRoute(route, index_), true);
  ASSERT_TRUE(*link->AddAddress(index_, *InterfaceAddress::Parse("10.7.0.2/32")));
  ASSERT_TRUE(link->RemoveAddress(index_, address).ok());
  EXPECT_TRUE(HasRoute(&*netlink_, route, index_)) << "it outlives the address";
  EXPECT_TRUE(netlink_->RemoveRoute(route, index_).ok());

  const TunDevice other = MustCreate("eth0");
  ASSERT_TRUE(*link->AddAddress(other.interface_index, *InterfaceAddress::Parse("10.7.0.3/24")));
  ASSERT_TRUE(*link->AddAddress(index_, address));
  EXPECT_TRUE(absl::IsAlreadyExists(netlink_->AddRoute(route, index_).status()))
      << "one of them leads elsewhere";
  EXPECT_FALSE(HasRoute(&*netlink_, route, index_));
}

TEST_F(RouteNetlinkTest, AnErrorSaysWhatWasTried) {
  const absl::Status status = netlink_->AddRoute(To("10.8.0.0/16"), 4711).status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("add the route 10.8.0.0/16"), absl::string_view::npos) << status;
  SetLinkUp("wg0", false);
  EXPECT_FALSE(netlink_->AddRoute(To("10.8.0.0/16"), index_).ok()) << "a link that is down";
  EXPECT_FALSE(Uses(kTable));
}

TEST_F(RouteNetlinkTest, RulesComeAndGoWithAllThatTheyMatch) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const bool is_v4 = family == IpFamily::kV4;
    Rule plain{.family = family, .priority = 100, .table = kTable};
    Rule marked = plain;
    marked.unless_mark = 51820;
    Rule suppressed = plain;
    suppressed.suppress_prefix_length = 0;
    Rule from = plain;
    from.source = *Prefix::Parse(is_v4 ? "10.8.0.0/16" : "fd08::/64");
    const Rule rules[] = {plain, marked, suppressed, from};
    size_t count = 0;
    for (const Rule& rule : rules) {
      EXPECT_EQ(*netlink_->AddRule(rule), true);
      EXPECT_EQ(CountOf(100), ++count) << "each is a rule of its own";
      EXPECT_EQ(*netlink_->AddRule(rule), false) << "it is there";
    }
    for (const Rule& rule : rules) {
      EXPECT_TRUE(netlink_->RemoveRule(rule).ok());
      EXPECT_TRUE(netlink_->RemoveRule(rule).ok()) << "it is not there";
      EXPECT_LT(CountOf(100), count--);
    }
    EXPECT_EQ(CountOf(100), 0U);
  }
}

TEST_F(RouteNetlinkTest, FindsTablesThatOnlyRefuse) {
  const auto refusing = [this] {
    const auto tables = netlink_->RefusingTables();
    EXPECT_TRUE(tables.ok()) << tables.status();
    return *tables;
  };
  EXPECT_TRUE(refusing().empty());
  for (const char* const prefix : {"0.0.0.0/0", "10.0.0.0/8", "::/0"}) {
    const Route all{Route::Type::kUnreachable, *Prefix::Parse(prefix), kTable, kGreatestMetric};
    ASSERT_TRUE(netlink_->AddRoute(all, 0).ok()) << prefix;
  }
  const Route other{Route::Type::kUnreachable, *Prefix::Parse("10.9.0.0/16"), kTable + 1, 7};
  ASSERT_TRUE(netlink_->AddRoute(other, 0).ok());
  ASSERT_EQ(refusing().size(), 2u) << "one of each family";
  EXPECT_EQ(refusing()[0].family, IpFamily::kV4);
  EXPECT_EQ(refusing()[0].number, kTable);
  ASSERT_TRUE(netlink_->AddRoute(To("0.0.0.0/0"), index_).ok());
  ASSERT_EQ(refusing().size(), 1u) << "a tunnel is there";
  EXPECT_EQ(refusing()[0].family, IpFamily::kV6);
}

TEST_F(RouteNetlinkTest, ListsTheRulesOfTheKernelOfBothFamilies) {
  EXPECT_EQ(CountOf(0), 2U);
  EXPECT_EQ(CountOf(32766), 2U);
}

}  // namespace
}  // namespace ringwire::platform
