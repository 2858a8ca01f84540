#include "platform/netlink/silent_link.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteText(const std::string& path, const char* text) {
  std::ofstream file(path);
  file << text;
  ASSERT_TRUE(file.flush().good()) << path;
}

bool HasMulticast(const std::string& name) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::copy_n(name.data(), name.size(), request.ifr_name);
  EXPECT_EQ(::ioctl(fd.get(), SIOCGIFFLAGS, &request), 0);
  return (request.ifr_flags & IFF_MULTICAST) != 0;
}

// A host as hosts are by default, which also forwards.
class SilentLinkTest : public NetworkNamespaceTest {
 protected:
  void SetUp() override {
    NetworkNamespaceTest::SetUp();
    if (IsSkipped()) return;
    const std::string all = "/proc/sys/net/ipv6/conf/";
    WriteText(all + "default/accept_ra", "2");
    WriteText(all + "default/addr_gen_mode", "0");
    WriteText(all + "all/forwarding", "1");
    absl::StatusOr<TunDevice> device = CreateTunDevice({.name = "rwsilent"});
    ASSERT_TRUE(device.ok()) << device.status();
    tun_ = *std::move(device);
    absl::StatusOr<Netlink> netlink = Netlink::Open();
    ASSERT_TRUE(netlink.ok()) << netlink.status();
    netlink_.emplace(*std::move(netlink));
  }
  std::vector<InterfaceAddress> Addresses() {
    return netlink_->Addresses(tun_.interface_index).value();
  }
  static std::string Setting(const std::string& name) {
    return ReadText("/proc/sys/net/ipv6/conf/rwsilent/" + name);
  }

  TunDevice tun_;
  std::optional<Netlink> netlink_;
};

TEST_F(SilentLinkTest, HasNothingToSayWhenItComesUp) {
  ASSERT_TRUE(SilenceNewLink(&*netlink_, tun_.interface_index, tun_.name, 1420).ok());
  ASSERT_TRUE(netlink_->SetLinkUp(tun_.interface_index).ok());
  EXPECT_TRUE(Addresses().empty());
  EXPECT_EQ(Setting("accept_ra"), "0\n");
  EXPECT_EQ(Setting("addr_gen_mode"), "1\n");
  EXPECT_FALSE(HasMulticast(tun_.name));
  EXPECT_EQ(netlink_->Query(tun_.interface_index)->mtu, 1420);
  // The group of all routers is one that a host reports.
  std::ifstream groups("/proc/net/igmp6");
  for (std::string line; std::getline(groups, line);) {
    EXPECT_FALSE(line.find("rwsilent") != std::string::npos &&
                 line.find("ff020000000000000000000000000002") != std::string::npos)
        << line;
  }
}

TEST_F(SilentLinkTest, IsSilentAgainWhenALargerMtuBringsIpv6Back) {
  ASSERT_TRUE(SilenceNewLink(&*netlink_, tun_.interface_index, tun_.name, 1200).ok());
  ASSERT_TRUE(netlink_->SetLinkUp(tun_.interface_index).ok());
  ASSERT_TRUE(netlink_->SetMtu(tun_.interface_index, 1420).ok());
  EXPECT_EQ(Setting("accept_ra"), "2\n") << "the kernel begins with its defaults";
  ASSERT_TRUE(SilenceIpv6Again(&*netlink_, tun_.interface_index, tun_.name).ok());
  EXPECT_TRUE(Addresses().empty());
  EXPECT_EQ(Setting("accept_ra"), "0\n");
  EXPECT_EQ(Setting("addr_gen_mode"), "1\n");
}

TEST_F(SilentLinkTest, NeedsNoIpv6) {
  WriteText("/proc/sys/net/ipv6/conf/rwsilent/disable_ipv6", "1");
  EXPECT_TRUE(SilenceNewLink(&*netlink_, tun_.interface_index, tun_.name, 1200).ok());
  EXPECT_TRUE(SilenceIpv6Again(&*netlink_, tun_.interface_index, tun_.name).ok());
}

}  // namespace
}  // namespace ringwire::platform
