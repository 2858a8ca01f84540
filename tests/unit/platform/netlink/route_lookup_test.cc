#include "platform/netlink/route_lookup.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include <memory>
#include <optional>
#include <string>

#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

// Against the kernel's own routing, in a namespace with loopback (interface 1) and one more
// interface: 10.1.0.1/24, fd01::1/64.
namespace ringwire::platform {
namespace {

class RouteLookupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string obstacle = NetworkNamespace::Obstacle(); !obstacle.empty()) {
      GTEST_SKIP() << obstacle;
    }
    namespace_ = std::make_unique<NetworkNamespace>();
    TunOptions options;
    options.name = "route0";
    absl::StatusOr<TunDevice> tun = CreateTunDevice(options);
    ASSERT_TRUE(tun.ok()) << tun.status();
    tun_.emplace(*std::move(tun));
    interface_ = tun_->interface_index;
    SetAddressV4("route0", "10.1.0.1", "255.255.255.0");
    SetLinkUp("route0", true);
    AddAddressV6("route0", "fd01::1", 64);
    absl::StatusOr<RouteLookup> lookup = RouteLookup::Open();
    ASSERT_TRUE(lookup.ok()) << lookup.status();
    lookup_.emplace(*std::move(lookup));
  }

  bool OutOfPlace(const char* remote, const char* local, uint32_t interface) {
    return lookup_->SourceIsOutOfPlace(
        {*SocketAddress::Parse(remote), *IpAddress::Parse(local), interface},
        {.port = 51820, .fwmark = 7});
  }

  std::unique_ptr<NetworkNamespace> namespace_;
  std::optional<TunDevice> tun_;
  uint32_t interface_ = 0;
  std::optional<RouteLookup> lookup_;
};

TEST_F(RouteLookupTest, KeepsASourceWhoseInterfaceIsTheRoutes) {
  EXPECT_FALSE(OutOfPlace("10.1.0.9:51820", "10.1.0.1", interface_));
  EXPECT_FALSE(OutOfPlace("[fd01::9]:51820", "fd01::1", interface_));
  EXPECT_FALSE(OutOfPlace("127.0.0.1:51820", "127.0.0.1", 1));
  EXPECT_FALSE(OutOfPlace("[::1]:51820", "::1", 1));
}

TEST_F(RouteLookupTest, KeepsASourceThatBelongsToAnotherInterface) {
  SetAddressV4("lo:1", "10.2.0.1", "255.255.255.255");
  AddAddressV6("lo", "fd02::1", 128);
  EXPECT_FALSE(OutOfPlace("10.1.0.9:51820", "10.2.0.1", interface_));
  EXPECT_FALSE(OutOfPlace("[fd01::9]:51820", "fd02::1", interface_));
}

TEST_F(RouteLookupTest, KnowsALinkLocalSourceByItsInterface) {
  AddAddressV6("route0", "fe80::1", 64);
  const SocketAddress remote{*IpAddress::Parse("fe80::9"), 51820, interface_};
  const IpAddress local = *IpAddress::Parse("fe80::1");
  EXPECT_FALSE(lookup_->SourceIsOutOfPlace({remote, local, interface_}, {}));
  RemoveAddressV6("route0", "fe80::1", 64);
  EXPECT_TRUE(lookup_->SourceIsOutOfPlace({remote, local, interface_}, {}));
}

TEST_F(RouteLookupTest, FindsARouteThatLeavesByAnotherInterface) {
  EXPECT_TRUE(OutOfPlace("10.1.0.9:51820", "10.1.0.1", interface_ + 1));
  EXPECT_TRUE(OutOfPlace("[fd01::9]:51820", "fd01::1", interface_ + 1));
}

TEST_F(RouteLookupTest, FindsAnAddressThatIsNotOursAnyMore) {
  EXPECT_TRUE(OutOfPlace("10.1.0.9:51820", "10.1.0.77", interface_));
  EXPECT_TRUE(OutOfPlace("[fd01::9]:51820", "fd01::77", interface_));
  RemoveAddressV6("route0", "fd01::1", 64);
  AddAddressV6("route0", "fd01::2", 64);
  EXPECT_TRUE(OutOfPlace("[fd01::9]:51820", "fd01::1", interface_));
  EXPECT_FALSE(OutOfPlace("[fd01::9]:51820", "fd01::2", interface_));
}

TEST_F(RouteLookupTest, NoRouteSaysNothingAboutTheSource) {
  EXPECT_FALSE(OutOfPlace("203.0.113.1:51820", "10.1.0.1", interface_));
  EXPECT_FALSE(OutOfPlace("[2001:db8::1]:51820", "fd01::1", interface_));
}

TEST_F(RouteLookupTest, FindsNothingWithoutASource) {
  EXPECT_FALSE(lookup_->SourceIsOutOfPlace({*SocketAddress::Parse("10.1.0.9:51820"), {}, 99}, {}));
  EXPECT_FALSE(OutOfPlace("10.1.0.9:51820", "fd01::1", 99));
}

}  // namespace
}  // namespace ringwire::platform
