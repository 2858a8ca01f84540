#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {

// Opens and marks the UDP sockets of a running device: in its own process, or in another one if
// this one gave its rights up. Called on the control thread. `asker`: the control socket's
// connection that made the request; -1: none.
class SocketSource {
 public:
  virtual ~SocketSource() = default;

  // Like OpenUdpSockets.
  virtual absl::StatusOr<UdpSocketGroup> Open(const UdpOptions& options, int asker) = 0;
  // Like SetFwmark.
  virtual absl::Status Mark(std::span<const int> sockets, uint32_t fwmark, int asker) = 0;
};

// The process itself.
class OwnSocketSource final : public SocketSource {
 public:
  absl::StatusOr<UdpSocketGroup> Open(const UdpOptions& options, int /*asker*/) override {
    UdpOptions own = options;
    own.names_holder = false;
    return OpenUdpSockets(own);
  }
  absl::Status Mark(std::span<const int> sockets, uint32_t fwmark, int /*asker*/) override {
    return SetFwmark(sockets, fwmark);
  }
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_
