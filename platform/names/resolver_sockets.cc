#include "platform/names/resolver_sockets.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// RFC 6666: what is sent there is thrown away.
SocketAddress StandIn(size_t number, uint16_t port) {
  SocketAddress server{.address = {.family = IpFamily::kV6}, .port = port};
  server.address.bytes[0] = 1;
  server.address.bytes[15] = static_cast<uint8_t>(number + 1);
  return server;
}

bool IsAt(const sockaddr_in6& where, const IpAddress& address) {
  return std::memcmp(&where.sin6_addr, address.bytes.data(), address.bytes.size()) == 0;
}

void Move(const IpAddress& to, uint32_t scope_id, sockaddr_in6* where) {
  std::memcpy(&where->sin6_addr, to.bytes.data(), to.bytes.size());
  where->sin6_scope_id = scope_id;
}

ssize_t Send(int socket, const iovec* parts, int count, void* /*self*/) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace

QuestionSockets::QuestionSockets(uint32_t mark, const std::string& servers) : mark_(mark) {
  constexpr size_t kZonedMax = UINT8_MAX;  // of the addresses that stand for them
  for (size_t begin = 0; begin < servers.size();) {
    const size_t end = std::min(servers.find(',', begin), servers.size());
    std::optional<SocketAddress> server =
        SocketAddress::Parse(std::string_view(servers).substr(begin, end - begin));
    begin = end + 1;
    if (!server.has_value() || zoned_.size() == kZonedMax) continue;
    if (server->scope_id != 0) {
      zoned_.push_back(*server);
      server = StandIn(zoned_.size() - 1, server->port);
    }
    if (!told_.empty()) told_.push_back(',');
    told_ += server->ToString();
  }
}

int QuestionSockets::Serve(ares_channeldata* channel) {
  static constexpr ares_socket_functions kFunctions = {&Open, &Close, &Connect, &Receive, &Send};
  ::ares_set_socket_functions(channel, &kFunctions, this);
  return told_.empty() ? ARES_SUCCESS : ::ares_set_servers_ports_csv(channel, told_.c_str());
}

bool QuestionSockets::SetMark(int socket, uint32_t mark) {
  return mark == 0 || ::setsockopt(socket, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

int QuestionSockets::Open(int family, int type, int protocol, void* self) {
  UniqueFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket.valid()) return ARES_SOCKET_BAD;
  const bool marked = SetMark(socket.get(), static_cast<const QuestionSockets*>(self)->mark_);
  return marked ? socket.Release() : ARES_SOCKET_BAD;
}

int QuestionSockets::Close(int socket, void* /*self*/) { return ::close(socket); }

int QuestionSockets::Connect(int socket, const sockaddr* to, socklen_t size, void* self) {
  const std::vector<SocketAddress>& zoned = static_cast<const QuestionSockets*>(self)->zoned_;
  sockaddr_in6 server{};
  if (to->sa_family != AF_INET6 || size < sizeof(server)) return ::connect(socket, to, size);
  std::memcpy(&server, to, sizeof(server));
  for (size_t i = 0; i < zoned.size(); ++i) {
    if (!IsAt(server, StandIn(i, 0).address)) continue;
    Move(zoned[i].address, zoned[i].scope_id, &server);
    break;
  }
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&server), sizeof(server));
}

// c-ares makes sure that an answer comes from the server it has asked.
ssize_t QuestionSockets::Receive(int socket, void* bytes, size_t size, int flags, sockaddr* from,
                                 socklen_t* from_size, void* self) {
  const ssize_t received = ::recvfrom(socket, bytes, size, flags, from, from_size);
  sockaddr_in6 server{};
  if (received < 0 || from == nullptr || *from_size != sizeof(server) ||
      from->sa_family != AF_INET6) {
    return received;
  }
  std::memcpy(&server, from, sizeof(server));
  const std::vector<SocketAddress>& zoned = static_cast<const QuestionSockets*>(self)->zoned_;
  for (size_t i = 0; i < zoned.size(); ++i) {
    if (!IsAt(server, zoned[i].address) || server.sin6_scope_id != zoned[i].scope_id) continue;
    Move(StandIn(i, 0).address, 0, &server);
    break;
  }
  std::memcpy(from, &server, sizeof(server));
  return received;
}

}  // namespace ringwire::platform
