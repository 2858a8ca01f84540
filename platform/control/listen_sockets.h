#ifndef RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_
#define RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/device/device_update.h"
#include "platform/control/socket_source.h"
#include "platform/worker/worker.h"

namespace ringwire::platform {

// All sockets of these workers.
std::vector<int> SocketsOf(std::span<const std::unique_ptr<Worker>> workers);

// The UDP sockets of a device in the process that owns them.
struct UdpSocketsView {
  uint16_t port = 0;
  bool v4 = false;  // which sockets of a pair there are
  bool v6 = false;
  std::vector<int> sockets;  // worker by worker, the one for IPv4 first
};
// There is at least one worker.
UdpSocketsView ViewOf(std::span<const std::unique_ptr<Worker>> workers, uint16_t port);
UdpSocketsView ViewOf(const UdpSocketGroup& group);

// The port and mark of the workers' UDP sockets, and their change under running workers. For the
// control thread.
class ListenSockets {
 public:
  ListenSockets() = default;
  // `requested_port` 0: any free one; `port` is the chosen one.
  ListenSockets(uint16_t requested_port, uint16_t port, uint32_t fwmark)
      : requested_port_(requested_port), port_(port), fwmark_(fwmark) {}

  uint16_t port() const { return port_; }
  uint32_t fwmark() const { return fwmark_; }
  // Whether an update changes the sockets. Equal values do not, so that `wg syncconf` reopens
  // nothing.
  bool WouldChange(const DeviceUpdate& update) const;
  // The owner of the sockets, with everything needed to change them.
  struct Users {
    std::span<const std::unique_ptr<Worker>> workers;
    SocketSource* source = nullptr;
    int asker = -1;    // of SocketSource
    bool gro = false;  // new sockets receive trains
  };
  // Applies the update's port and mark on all workers, or changes nothing: opens the new port
  // before it closes the old one. AlreadyExists: the port is in use.
  absl::Status Change(const DeviceUpdate& update, const Users& users);

 private:
  bool PortChanges(const DeviceUpdate& update) const;

  uint16_t requested_port_ = 0;
  uint16_t port_ = 0;
  uint32_t fwmark_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_
