#include "platform/names/server_sockets.h"

#include <ares.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "platform/names/name_servers.h"

namespace ringwire::platform {
namespace {

// RFC 6666, the discard prefix.
sockaddr_in6 StandIn(size_t server) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(kDnsPort);
  address.sin6_addr.s6_addr[0] = 1;
  address.sin6_addr.s6_addr[15] = static_cast<uint8_t>(server + 1);
  return address;
}

ssize_t Send(int socket, const iovec* parts, int count, void* /*self*/) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace

ServerSockets::ServerSockets(Connect connect)
    : connect_(std::move(connect)), null_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

int ServerSockets::Serve(ares_channeldata* channel, size_t servers) {
  static constexpr ares_socket_functions kFunctions = {&Open, &Close, &ConnectTo, &Receive, &Send};
  ::ares_set_socket_functions(channel, &kFunctions, this);
  std::string list;
  for (size_t i = 0; i < servers; ++i) {
    list += fmt::format("{}[100::{:x}]:{}", i == 0 ? "" : ",", i + 1, kDnsPort);
  }
  return ::ares_set_servers_ports_csv(channel, list.c_str());
}

int ServerSockets::Open(int /*family*/, int type, int /*protocol*/, void* self) {
  auto* const sockets = static_cast<ServerSockets*>(self);
  const int socket = ::fcntl(sockets->null_.get(), F_DUPFD_CLOEXEC, 0);
  if (socket < 0) return ARES_SOCKET_BAD;
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  sockets->sockets_[socket] = {(type & ~kFlags) == SOCK_STREAM, 0};
  return socket;
}

int ServerSockets::Close(int socket, void* self) {
  static_cast<ServerSockets*>(self)->sockets_.erase(socket);
  return ::close(socket);
}

int ServerSockets::ConnectTo(int socket, const sockaddr* to, socklen_t size, void* self) {
  auto* const sockets = static_cast<ServerSockets*>(self);
  Socket& entry = sockets->sockets_[socket];
  sockaddr_in6 address{};
  if (to->sa_family != AF_INET6 || size < sizeof(address)) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  std::memcpy(&address, to, sizeof(address));
  entry.server = size_t{address.sin6_addr.s6_addr[15]} - 1;
  const UniqueFd connected = sockets->connect_(entry.server, entry.is_stream);
  if (connected.valid() && ::dup3(connected.get(), socket, O_CLOEXEC) >= 0) return 0;
  errno = ENETUNREACH;
  return -1;
}

// A connected socket receives only from its server.
ssize_t ServerSockets::Receive(int socket, void* bytes, size_t size, int flags, sockaddr* from,
                               socklen_t* from_size, void* self) {
  const ssize_t received = ::recvfrom(socket, bytes, size, flags, nullptr, nullptr);
  if (received < 0 || from == nullptr || *from_size < sizeof(sockaddr_in6)) return received;
  const sockaddr_in6 server = StandIn(static_cast<ServerSockets*>(self)->sockets_[socket].server);
  std::memcpy(from, &server, sizeof(server));
  *from_size = sizeof(server);
  return received;
}

}  // namespace ringwire::platform
