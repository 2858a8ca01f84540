#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {

// Who opens and marks the UDP sockets of a running device: its own process, or another one where
// that has given the rights up. Called on the control thread. `asker`: the connection of the
// control socket that the wish came by; -1: by none.
class SocketSource {
 public:
  virtual ~SocketSource() = default;

  // As OpenUdpSockets.
  virtual absl::StatusOr<UdpSocketGroup> Open(const UdpOptions& options, int asker) = 0;
  // As SetFwmark.
  virtual absl::Status Mark(std::span<const int> sockets, uint32_t fwmark, int asker) = 0;
};

// The process itself.
class OwnSocketSource final : public SocketSource {
 public:
  absl::StatusOr<UdpSocketGroup> Open(const UdpOptions& options, int /*asker*/) override {
    return OpenUdpSockets(options);
  }
  absl::Status Mark(std::span<const int> sockets, uint32_t fwmark, int /*asker*/) override {
    return SetFwmark(sockets, fwmark);
  }
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKET_SOURCE_H_
