#include "platform/connect/tcp_connect.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "platform/base/clock.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

// A TCP socket on loopback; it answers only if it listens.
struct LoopbackSocket {
  explicit LoopbackSocket(bool listens) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    if (listens) EXPECT_EQ(::listen(socket.get(), 1), 0);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
    address = FromSocketName(&name, size);
  }
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  SocketAddress address;
};

Instant Soon() { return BootNow() + absl::Seconds(60); }

TEST(TcpConnectTest, ConnectsToTheFirstThatAnswers) {
  const LoopbackSocket closed(false);
  const LoopbackSocket open(true);
  const std::vector<SocketAddress> both = {closed.address, open.address};
  const auto connection = ConnectTcp(both, 0, Soon());
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->to, open.address);
  sockaddr_in name{};
  socklen_t size = sizeof(name);
  EXPECT_EQ(::getpeername(connection->socket.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
}

TEST(TcpConnectTest, NamesEachReason) {
  const LoopbackSocket closed(false);
  const std::vector<SocketAddress> one = {closed.address};
  const auto connection = ConnectTcp(one, 0, Soon());
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.status().message(), "no answer on TCP port " +
                                               std::to_string(closed.address.port) +
                                               " (127.0.0.1: Connection refused)");
}

TEST(TcpConnectTest, TakesTheSecondBesideASilentFirst) {
  // TEST-NET-1 of RFC 5737: nobody answers there, or there is no route at all.
  const LoopbackSocket open(true);
  const std::vector<SocketAddress> both = {*SocketAddress::Parse("192.0.2.1:443"), open.address};
  const auto connection = ConnectTcp(both, 0, Soon());
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->to, open.address);
}

TEST(TcpConnectTest, NoAddressIsAnError) { EXPECT_FALSE(ConnectTcp({}, 0, Soon()).ok()); }

}  // namespace
}  // namespace ringwire::platform
