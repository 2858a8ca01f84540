#include "platform/udp/receive_drops.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// A socket on a port of the loopback with little room.
class SmallSocket {
 public:
  SmallSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    const int bytes = 4096;
    EXPECT_EQ(::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    name_.sin_family = AF_INET;
    name_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name_);
    EXPECT_EQ(::bind(fd(), reinterpret_cast<sockaddr*>(&name_), size), 0);
    EXPECT_EQ(::getsockname(fd(), reinterpret_cast<sockaddr*>(&name_), &size), 0);
  }
  int fd() const { return fd_.get(); }

  // Sends datagrams until it has room for no more; returns how many were dropped.
  uint64_t Overflow() const {
    constexpr size_t kSent = 64;
    const UniqueFd sender(::socket(AF_INET, SOCK_DGRAM, 0));
    const std::array<char, 1000> bytes{};
    for (size_t i = 0; i < kSent; ++i) {
      EXPECT_EQ(::sendto(sender.get(), bytes.data(), bytes.size(), 0,
                         reinterpret_cast<const sockaddr*>(&name_), sizeof(name_)),
                static_cast<ssize_t>(bytes.size()));
    }
    uint64_t kept = 0;
    std::array<char, 1000> received{};
    while (::recv(fd(), received.data(), received.size(), 0) > 0) ++kept;
    return kSent - kept;
  }

 private:
  UniqueFd fd_;
  sockaddr_in name_{};
};

TEST(ReceiveDropsTest, CountsWhatASocketHadNoRoomFor) {
  const SmallSocket first;
  const SmallSocket second;
  const std::vector<int> sockets = {first.fd(), -1, second.fd()};
  ReceiveDrops drops;
  drops.Look(sockets);
  EXPECT_EQ(drops.total(), 0U);
  uint64_t dropped = first.Overflow();
  EXPECT_GT(dropped, 0U);
  drops.Look(sockets);
  EXPECT_EQ(drops.total(), dropped);
  drops.Look(sockets);
  EXPECT_EQ(drops.total(), dropped) << "each once";
  dropped += second.Overflow() + first.Overflow();
  drops.Look(sockets);
  EXPECT_EQ(drops.total(), dropped);
}

TEST(ReceiveDropsTest, SocketsThatAreReplacedKeepTheirShare) {
  ReceiveDrops drops;
  uint64_t dropped = 0;
  for (int i = 0; i < 3; ++i) {
    const SmallSocket socket;  // perhaps with the number of the one before
    dropped += socket.Overflow();
    drops.Look(std::vector{socket.fd()});
    EXPECT_EQ(drops.total(), dropped);
  }
}

}  // namespace
}  // namespace ringwire::platform
