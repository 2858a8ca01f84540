#include "platform/udp/udp_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <string>

#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/io/remote.h"

namespace ringwire::platform {
namespace {

using UdpSocketTest = NetworkNamespaceTest;

int OptionOf(const UniqueFd& fd, int level, int option) {
  int value = -1;
  socklen_t value_bytes = sizeof(value);
  EXPECT_EQ(::getsockopt(fd.get(), level, option, &value, &value_bytes), 0);
  return value;
}

uint16_t PortOf(const UniqueFd& fd) {
  sockaddr_storage name{};
  socklen_t name_bytes = sizeof(name);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &name_bytes), 0);
  return ntohs(name.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&name)->sin_port
                                         : reinterpret_cast<sockaddr_in6*>(&name)->sin6_port);
}

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST_F(UdpSocketTest, OpensOnePairAWorkerOnOneFreePort) {
  UdpOptions options;
  options.workers = 3;
  options.gro = true;
  options.fwmark = 0x1234;
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets(options);
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_NE(group->port, 0);
  ASSERT_EQ(group->workers.size(), 3);
  for (const UdpSockets& sockets : group->workers) {
    EXPECT_EQ(PortOf(sockets.v4), group->port);
    EXPECT_EQ(PortOf(sockets.v6), group->port);
    EXPECT_EQ(OptionOf(sockets.v6, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    for (const UniqueFd* fd : {&sockets.v4, &sockets.v6}) {
      EXPECT_EQ(OptionOf(*fd, SOL_UDP, UDP_GRO), 1);
      EXPECT_EQ(OptionOf(*fd, SOL_SOCKET, SO_MARK), 0x1234);
      EXPECT_GE(OptionOf(*fd, SOL_SOCKET, SO_RCVBUF), 7 << 20);
      EXPECT_GE(OptionOf(*fd, SOL_SOCKET, SO_SNDBUF), 7 << 20);
    }
  }
}

TEST_F(UdpSocketTest, NoticesABusyPortEvenOneThatCouldBeShared) {
  const absl::StatusOr<UdpSocketGroup> first = OpenUdpSockets({});
  ASSERT_TRUE(first.ok()) << first.status();
  UdpOptions options;
  options.port = first->port;
  const absl::Status status = OpenUdpSockets(options).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status));
  const std::string message(status.message());
  EXPECT_TRUE(message.starts_with("cannot bind UDP port " + std::to_string(first->port) +
                                  ": Address already in use by "))
      << message;
  EXPECT_TRUE(message.ends_with("(process " + std::to_string(::getpid()) +
                                "); end it, or choose another ListenPort"))
      << message;
  options.names_holder = false;
  const std::string port = std::to_string(first->port);
  EXPECT_EQ(OpenUdpSockets(options).status().message(),
            "cannot bind UDP port " + port + ": Address already in use; `ss -ulnp sport = :" +
                port + "` names the program; end it, or choose another ListenPort");
}

TEST_F(UdpSocketTest, NoticesAPortThatIsBusyForIpv6Only) {
  const Remote other("::");
  UdpOptions options;
  options.port = other.address().port;
  EXPECT_TRUE(absl::IsAlreadyExists(OpenUdpSockets(options).status()));
}

TEST_F(UdpSocketTest, SpreadsSourcesOverTheGroup) {
  UdpOptions options;
  options.workers = 2;
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets(options);
  ASSERT_TRUE(group.ok()) << group.status();
  // By the hash of a source port; all 64 to one socket has the probability 2^-63.
  for (int i = 0; i < 64; ++i) Remote("127.0.0.1").Send(At("127.0.0.1", group->port), "x");
  for (const UdpSockets& sockets : group->workers) {
    char byte = 0;
    EXPECT_EQ(::recv(sockets.v4.get(), &byte, 1, MSG_DONTWAIT), 1);
  }
}

TEST_F(UdpSocketTest, ChangesTheFirewallMarkOfAll) {
  UdpOptions options;
  options.workers = 2;
  options.fwmark = 1;
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets(options);
  ASSERT_TRUE(group.ok()) << group.status();
  std::vector<int> all;
  for (const UdpSockets& sockets : group->workers) {
    all.insert(all.end(), {sockets.v4.get(), sockets.v6.get()});
  }
  ASSERT_TRUE(SetFwmark(all, 0xfeed).ok());
  for (const UdpSockets& sockets : group->workers) {
    EXPECT_EQ(OptionOf(sockets.v4, SOL_SOCKET, SO_MARK), 0xfeed);
    EXPECT_EQ(OptionOf(sockets.v6, SOL_SOCKET, SO_MARK), 0xfeed);
  }
  ASSERT_TRUE(SetFwmark(all, 0).ok());
  EXPECT_EQ(OptionOf(group->workers[0].v4, SOL_SOCKET, SO_MARK), 0);
}

TEST_F(UdpSocketTest, SendDatagramUsesTheContactedAddressAndTos) {
  SetAddressV4("lo:1", "10.9.9.9", "255.255.255.255");
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets({});
  ASSERT_TRUE(group.ok()) << group.status();
  const Remote remote("127.0.0.1");
  const Endpoint to{remote.address(), At("10.9.9.9", 0).address, 0};
  bool source_unusable = true;
  ASSERT_TRUE(SendDatagram(group->workers[0], to, 0x88, BytesOf("hi"), &source_unusable).ok());
  EXPECT_FALSE(source_unusable);
  const Remote::Datagram datagram = remote.Receive();
  EXPECT_EQ(datagram.payload, "hi");
  EXPECT_EQ(datagram.from, At("10.9.9.9", group->port));
  EXPECT_EQ(datagram.tos, 0x88);
}

TEST_F(UdpSocketTest, SendDatagramRepeatsWithoutASourceThatIsNotOurs) {
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets({});
  ASSERT_TRUE(group.ok()) << group.status();
  for (const auto& [ours, not_ours] :
       {std::pair{"127.0.0.1", "10.9.9.9"}, std::pair{"::1", "fd00::9"}}) {
    const Remote remote(ours);
    const Endpoint to{remote.address(), At(not_ours, 0).address, 0};
    bool source_unusable = false;
    ASSERT_TRUE(SendDatagram(group->workers[0], to, 0, BytesOf("hi"), &source_unusable).ok());
    EXPECT_TRUE(source_unusable);
    EXPECT_EQ(remote.Receive().from, At(ours, group->port));
  }
}

TEST_F(UdpSocketTest, SendDatagramSaysWhereItCouldNotSend) {
  absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets({});
  ASSERT_TRUE(group.ok()) << group.status();
  bool source_unusable = false;
  const Endpoint unreachable{At("192.0.2.1", 9), {}, 0};
  const absl::Status no_route =
      SendDatagram(group->workers[0], unreachable, 0, BytesOf("hi"), &source_unusable);
  EXPECT_NE(no_route.message().find("192.0.2.1:9"), absl::string_view::npos) << no_route;

  group->workers[0].v6.Reset();
  const Endpoint six{At("::1", 9), {}, 0};
  EXPECT_FALSE(SendDatagram(group->workers[0], six, 0, BytesOf("hi"), &source_unusable).ok());
  EXPECT_FALSE(source_unusable);
}

}  // namespace
}  // namespace ringwire::platform
