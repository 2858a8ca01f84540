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

// The sockets by which c-ares asks name servers in a process that opens none. c-ares knows servers
// by number only: by addresses that stand for them, in nobody's network. When it connects a socket
// to one, `connect` gives a socket that is connected to that server, and takes its place.
// Thread-compatible.
class ServerSockets {
 public:
  // Invalid: there is no way to that server.
  using Connect = std::function<UniqueFd(size_t server, bool is_stream)>;

  explicit ServerSockets(Connect connect);

  // Gives c-ares these servers and no other, and the sockets for them; this outlives the channel.
  // The result is c-ares'.
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
