#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_SOCKETS_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_SOCKETS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/wire/address.h"

struct ares_channeldata;

namespace ringwire::platform {

// What c-ares asks name servers by: sockets that all have a mark, from before they are connected,
// which is when their route and own address are chosen. And those to a link-local address take the
// interface of its zone, which c-ares drops: it is told of an address that stands for the server's,
// and is in nobody's network. Thread-compatible.
class QuestionSockets {
 public:
  // `servers`: as ReadNameServers gives them; empty: c-ares knows better.
  QuestionSockets(uint32_t mark, const std::string& servers);

  // Outlives the channel. The result is c-ares'.
  int Serve(ares_channeldata* channel);

  static bool SetMark(int socket, uint32_t mark);

 private:
  static int Open(int family, int type, int protocol, void* self);
  static int Close(int socket, void* self);
  static int Connect(int socket, const sockaddr* to, socklen_t size, void* self);
  static ssize_t Receive(int socket, void* bytes, size_t size, int flags, sockaddr* from,
                         socklen_t* from_size, void* self);

  uint32_t mark_;
  std::string told_;                  // to c-ares
  std::vector<SocketAddress> zoned_;  // servers for which others stand, by number
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_SOCKETS_H_
