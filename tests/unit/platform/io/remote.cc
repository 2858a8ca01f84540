#include "tests/unit/platform/io/remote.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <span>

#include "core/base/check.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

void Enable(int fd, int level, int option) {
  const int on = 1;
  CHECK(::setsockopt(fd, level, option, &on, sizeof(on)) == 0);
}

}  // namespace

SocketAddress At(const std::string& address, uint16_t port) {
  const std::optional<IpAddress> parsed = IpAddress::Parse(address);
  CHECK(parsed.has_value());
  return {*parsed, port, 0};
}

Remote::Remote(const char* address, uint16_t port) {
  SocketName name;
  socklen_t name_bytes = ToSocketName(At(address, port), &name);
  fd_ = UniqueFd(::socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(fd_.valid());
  if (name.any.sa_family == AF_INET) {
    Enable(fd_.get(), IPPROTO_IP, IP_RECVTOS);
  } else {
    Enable(fd_.get(), IPPROTO_IPV6, IPV6_RECVTCLASS);
  }
  const int buffer_bytes = 8 << 20;
  CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) ==
        0);
  CHECK(::bind(fd_.get(), &name.any, name_bytes) == 0);
  name_bytes = sizeof(name);
  CHECK(::getsockname(fd_.get(), &name.any, &name_bytes) == 0);
  address_ = FromSocketName(&name, name_bytes);
}

void Remote::Send(const SocketAddress& to, const std::string& payload, uint16_t segment_bytes,
                  int tos) const {
  OutgoingMessage message;
  Endpoint endpoint;
  endpoint.remote = to;
  message.Set({endpoint, static_cast<uint8_t>(tos), segment_bytes, false},
              {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()});
  CHECK(::sendmsg(fd_.get(), &message.header(), 0) == static_cast<ssize_t>(payload.size()));
}

Remote::Datagram Remote::Receive() const {
  pollfd watched{fd_.get(), POLLIN, 0};
  CHECK(::poll(&watched, 1, 60'000) == 1);
  std::array<char, 65536> bytes;
  alignas(cmsghdr) std::array<uint8_t, 256> control{};
  SocketName name{};
  iovec payload{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_name = &name;
  header.msg_namelen = sizeof(name);
  header.msg_iov = &payload;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t received = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT);
  CHECK(received >= 0);
  const ReceivedInfo info = ParseReceived(header);
  return {std::string(bytes.data(), static_cast<size_t>(received)), info.from.remote, info.tos};
}

bool Remote::IsQuiet() const {
  pollfd watched{fd_.get(), POLLIN, 0};
  return ::poll(&watched, 1, 0) == 0;
}

}  // namespace ringwire::platform
