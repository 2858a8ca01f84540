#include "platform/netlink/route_netlink.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/config/gateway_config.h"
#include "platform/netlink/netlink.h"
#include "platform/netlink/netlink_socket.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/netlink/has_route.h"

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

// A netlink socket of which the test decides what is never sent.
class FailingSends {
 public:
  static RouteNetlink Open() {
    absl::StatusOr<NetlinkSocket> socket = NetlinkSocket::Open();
    EXPECT_TRUE(socket.ok()) << socket.status();
    nl_cb* const callbacks = nl_socket_get_cb(socket->get());
    nl_cb_overwrite_send(callbacks, &Send);
    nl_cb_put(callbacks);
    return RouteNetlink(*std::move(socket));
  }
  // The next one but so many; once.
  static void Fail(int after) { until_failure_ = after; }

 private:
  static int Send(nl_sock* socket, nl_msg* message) {
    if (until_failure_-- == 0) return -NLE_NOMEM;
    iovec bytes = {nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len};
    return nl_send_iovec(socket, message, &bytes, 1);
  }
  inline static int until_failure_ = -1;
};

TEST_F(RouteNetlinkTest, ARequestThatIsNotSentSpoilsNoneAfterIt) {
  RouteNetlink netlink = FailingSends::Open();
  for (int round = 0; round < 3; ++round) {
    FailingSends::Fail(0);
    EXPECT_FALSE(netlink.AddRoute(To("10.8.0.0/16"), index_).ok());
    EXPECT_FALSE(Uses(kTable));
    const absl::StatusOr<bool> added = netlink.AddRoute(To("10.8.0.0/16"), index_);
    ASSERT_TRUE(added.ok()) << added.status();
    EXPECT_TRUE(*added);
    FailingSends::Fail(0);
    EXPECT_FALSE(netlink.TablesInUse().ok());
    const auto tables = netlink.TablesInUse();
    ASSERT_TRUE(tables.ok()) << tables.status();
    EXPECT_NE(std::ranges::find(*tables, kTable), tables->end());
    FailingSends::Fail(0);
    EXPECT_FALSE(netlink.RemoveRoute(To("10.8.0.0/16"), index_).ok());
    EXPECT_TRUE(netlink.RemoveRoute(To("10.8.0.0/16"), index_).ok());
  }
}

TEST_F(RouteNetlinkTest, ALeftoverAnswerIsNotTakenForAnother) {
  absl::StatusOr<NetlinkSocket> socket = NetlinkSocket::Open();
  ASSERT_TRUE(socket.ok()) << socket.status();
  rtgenmsg every{.rtgen_family = AF_INET};
  const int result = socket->Request([&every](nl_sock* to) {
    EXPECT_GE(nl_send_simple(to, RTM_GETRULE, NLM_F_DUMP, &every, sizeof(every)), 0);
    return -NLE_NOMEM;  // when its answer is received
  });
  EXPECT_EQ(result, -NLE_NOMEM);
  RouteNetlink netlink(*std::move(socket));
  EXPECT_FALSE(netlink.AddRoute(To("10.8.0.0/16"), 4711).ok());
  const absl::StatusOr<bool> added = netlink.AddRoute(To("10.8.0.0/16"), index_);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_TRUE(*added);
}

TEST_F(RouteNetlinkTest, ARouteOfOursThatCannotBeAssertedStays) {
  RouteNetlink netlink = FailingSends::Open();
  for (const char* const prefix : {"0.0.0.0/0", "::/0"}) {
    const Route closed{Route::Type::kUnreachable, *Prefix::Parse(prefix), kTable, 0};
    ASSERT_EQ(*netlink.AddRoute(closed, 0), true);
    for (const int after : {0, 1}) {
      FailingSends::Fail(after);
      const absl::Status status = netlink.AddRoute(closed, 0).status();
      EXPECT_NE(status.message().find("add the route"), absl::string_view::npos) << status;
      EXPECT_FALSE(absl::IsAlreadyExists(status)) << status;
      EXPECT_TRUE(HasRoute(&netlink, closed, 0)) << prefix;
    }
  }
}

TEST_F(RouteNetlinkTest, ALookupLeavesNoAnswerBehind) {
  const SocketAddress to{*IpAddress::Parse("10.8.0.1"), 51820};
  EXPECT_FALSE(netlink_->WayTo(to, 0).ok());
  ASSERT_TRUE(netlink_->AddRoute(To("10.8.0.0/16", kMainTable), index_).ok());
  for (int round = 0; round < 3; ++round) {
    const auto way = netlink_->WayTo(to, 0);
    ASSERT_TRUE(way.ok()) << way.status();
    EXPECT_EQ(way->interface_index, index_);
    EXPECT_TRUE(netlink_->DefaultWays(0).ok());
  }
}

TEST_F(RouteNetlinkTest, ANetworkIsOfThisHostByItsAddressesOnThatLink) {
  absl::StatusOr<Netlink> addresses = Netlink::Open();
  ASSERT_TRUE(addresses.ok());
  for (const char* const text : {"10.8.0.1/24", "fd08::1/64"}) {
    ASSERT_TRUE(addresses->AddAddress(index_, *InterfaceAddress::Parse(text)).ok());
  }
  const TunDevice other = MustCreate("eth0");
  ASSERT_TRUE(netlink_->AddRoute(To("10.8.0.0/25", kMainTable), other.interface_index).ok());
  const auto routes = netlink_->LocalRoutes(0);
  ASSERT_TRUE(routes.ok()) << routes.status();
  const auto has_address = [&routes](const char* prefix) {
    const auto route = std::ranges::find(*routes, *Prefix::Parse(prefix), &HostRoute::prefix);
    return route != routes->end() && route->has_address;
  };
  EXPECT_TRUE(has_address("10.8.0.0/24"));
  EXPECT_TRUE(has_address("fd08::/64"));
  EXPECT_FALSE(has_address("10.8.0.0/25")) << "it is on another link";
}

TEST_F(RouteNetlinkTest, AcceptsTheRouteThatAnAddressBroughtAlong) {
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

TEST_F(RouteNetlinkTest, AnErrorNamesTheFailedChange) {
  const absl::Status status = netlink_->AddRoute(To("10.8.0.0/16"), 4711).status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("add the route 10.8.0.0/16"), absl::string_view::npos) << status;
  SetLinkUp("wg0", false);
  EXPECT_FALSE(netlink_->AddRoute(To("10.8.0.0/16"), index_).ok()) << "a link that is down";
  EXPECT_FALSE(Uses(kTable));
}

TEST_F(RouteNetlinkTest, LocalAddressesExcludeTheLoopbacks) {
  absl::StatusOr<Netlink> netlink = Netlink::Open();
  ASSERT_TRUE(netlink.ok()) << netlink.status();
  // One of IPv6 would be there only some time after this.
  ASSERT_TRUE(netlink->AddAddress(index_, *InterfaceAddress::Parse("10.8.0.1/24")).ok());
  const auto local = netlink_->LocalAddresses();
  ASSERT_TRUE(local.ok()) << local.status();
  const auto has = [&local](const char* prefix) {
    return std::ranges::find(*local, *Prefix::Parse(prefix)) != local->end();
  };
  EXPECT_TRUE(has("10.8.0.1/32"));
  EXPECT_FALSE(has("10.8.0.0/24")) << "of which this host is one";
  for (const char* const loopback : {"127.0.0.0/8", "127.0.0.1/32", "::1/128"}) {
    EXPECT_FALSE(has(loopback)) << loopback;
  }
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
