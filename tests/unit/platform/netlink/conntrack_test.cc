#include "platform/netlink/conntrack.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "platform/base/unique_fd.h"
#include "platform/gateway/firewall/nft_command.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

IpAddress Address(const char* text) { return *IpAddress::Parse(text); }
TrackedDatagrams Tracked(const char* asked, const char* served) {
  return {*SocketAddress::Parse(asked), *SocketAddress::Parse(served)};
}

// udp/5000-5003 -> 10.77.0.2:6000-6003 on a host that is 10.77.0.1 in the tunnel.
DatagramForwards Ports() {
  return {{{PortForward::Protocol::kUdp, {5000, 5003}, Address("10.77.0.2"), {6000, 6003}}},
          {Address("10.77.0.1")}};
}

const std::vector<Prefix> kLocal = {
    *Prefix::Parse("198.51.100.1/32"), *Prefix::Parse("203.0.113.0/24"),
    *Prefix::Parse("10.77.0.1/32"), *Prefix::Parse("2001:db8::1/128")};

TEST(TrackedDatagramsTest, EntriesServedByAnotherHostAreUnforwarded) {
  for (const char* const served : {"198.51.100.1:5001", "10.77.0.9:6001", "10.77.0.2:6002"}) {
    const TrackedDatagrams one = Tracked("198.51.100.1:5001", served);
    EXPECT_TRUE(IsUnforwarded(one, Ports(), kLocal)) << served;
    EXPECT_FALSE(IsForwarded(one, Ports(), kLocal)) << served;
  }
  const TrackedDatagrams right = Tracked("203.0.113.7:5001", "10.77.0.2:6001");
  EXPECT_FALSE(IsUnforwarded(right, Ports(), kLocal));
  EXPECT_TRUE(IsForwarded(right, Ports(), kLocal));
}

TEST(TrackedDatagramsTest, IgnoresOtherPortsAddressesAndFamilies) {
  for (const char* const asked : {"198.51.100.1:4999", "198.51.100.1:5004", "192.0.2.9:5001",
                                  "10.77.0.1:5001", "[2001:db8::1]:5001"}) {
    EXPECT_FALSE(IsUnforwarded(Tracked(asked, asked), Ports(), kLocal)) << asked;
    EXPECT_FALSE(IsForwarded(Tracked(asked, "10.77.0.2:6001"), Ports(), kLocal)) << asked;
  }
}

// A host in a network namespace that tracks connections.
class ForgetDatagramsTest : public NetworkNamespaceTest {
 protected:
  static void Track() {
    const auto loaded = RunNft(
        R"({"nftables":[{"add":{"table":{"family":"inet","name":"t"}}},{"add":{"chain":{"family":)"
        R"("inet","table":"t","name":"c","type":"filter","hook":"output","prio":0}}},{"add":{"rule":)"
        R"({"family":"inet","table":"t","chain":"c","expr":[{"match":{"op":"in","left":{"ct":)"
        R"({"key":"state"}},"right":"new"}}]}}}]})",
        "track connections");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
  }
  static void Send(uint16_t port) {
    const UniqueFd file(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::sendto(file.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 1);
  }
};

TEST_F(ForgetDatagramsTest, ForgetsOnlyMatchingEntries) {
  Track();
  Send(5000);
  Send(5000);
  Send(5001);
  const auto forget = [](uint16_t port) {
    const auto count = ForgetDatagrams([port](const TrackedDatagrams& one) {
      return one.asked == SocketAddress{*IpAddress::Parse("127.0.0.1"), port} &&
             one.served == one.asked;
    });
    EXPECT_TRUE(count.ok()) << count.status();
    return count.value_or(0);
  };
  EXPECT_EQ(forget(5000), 2U);
  EXPECT_EQ(forget(5000), 0U);
  EXPECT_EQ(forget(5001), 1U) << "the other one was still there";
}

TEST_F(ForgetDatagramsTest, AHostThatTracksNothingHasNothingToForget) {
  const auto count = ForgetDatagrams([](const TrackedDatagrams&) { return true; });
  EXPECT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(count.value_or(1), 0U);
}

}  // namespace
}  // namespace ringwire::platform
