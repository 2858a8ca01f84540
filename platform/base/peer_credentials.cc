#include "platform/base/peer_credentials.h"

#include <sys/socket.h>
#include <unistd.h>

namespace ringwire::platform {

std::optional<pid_t> TrustedPeer(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  if (peer.uid != 0 && peer.uid != ::geteuid()) return std::nullopt;
  return peer.pid;
}

}  // namespace ringwire::platform
