#include "platform/supervisor/control_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string_view>

namespace ringwire::platform {
namespace {

// The path that a Unix socket was bound to; empty: it is none, or has none.
std::string PathOf(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);
  if (address.sun_family != AF_UNIX || size <= kPathOffset) return {};
  const std::string_view path(address.sun_path, size - kPathOffset);
  return std::string(path.substr(0, path.find('\0')));
}

bool IsOpenAtBothEnds(int connection) {
  pollfd state{connection, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) == 0;
}

}  // namespace

bool IsConnectionOfRoot(int connection, const std::string& path, pid_t relay) {
  // A listener binds beside its path and is moved there.
  if (!PathOf(connection).starts_with(path)) return false;
  ucred other{};
  socklen_t size = sizeof(other);
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) return false;
  const bool may_ask = other.uid == 0 || other.uid == ::geteuid();
  return may_ask && other.pid != relay && IsOpenAtBothEnds(connection);
}

}  // namespace ringwire::platform
