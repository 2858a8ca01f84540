#ifndef RINGWIRE_PLATFORM_NAMES_SERVER_SOCKETS_H_
#define RINGWIRE_PLATFORM_NAMES_SERVER_SOCKETS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "platform/base/unique_fd.h"

struct ares_channeldata;

namespace ringwire::platform {

// The sockets of c-ares in a process that opens none. c-ares knows servers only by stand-in
// addresses in a discard network. When it connects a socket to one, `connect` returns a socket
// connected to the real server, which replaces it. Thread-compatible.
class ServerSockets {
 public:
  // Invalid: no route to that server.
  using Connect = std::function<UniqueFd(size_t server, bool is_stream)>;

  explicit ServerSockets(Connect connect);

  // Gives c-ares exactly these servers and their sockets; this object outlives the channel. Returns
  // c-ares' result.
  int Serve(ares_channeldata* channel, size_t servers);

 private:
  static int Open(int family, int type, int protocol, void* self);
  static int Close(int socket, void* self);
  static int ConnectTo(int socket, const sockaddr* to, socklen_t size, void* self);
  static ssize_t Receive(int socket, void* bytes, size_t size, int flags, sockaddr* from,
                         socklen_t* from_size, void* self);

  struct Socket {
    bool is_stream = false;
    size_t server = 0;  // once it is connected
  };

  const Connect connect_;
  const UniqueFd null_;  // what a socket is until it is connected
  absl::flat_hash_map<int, Socket> sockets_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_SERVER_SOCKETS_H_
