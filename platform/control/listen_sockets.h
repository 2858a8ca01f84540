#ifndef RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_
#define RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "core/device/device_update.h"
#include "platform/control/socket_source.h"
#include "platform/worker/worker.h"

namespace ringwire::platform {

// What the workers' UDP sockets are bound to and marked with, and how that changes under running
// workers. Control's.
class ListenSockets {
 public:
  ListenSockets() = default;
  // `requested_port` 0: any free one, `port` is the one that it became.
  ListenSockets(uint16_t requested_port, uint16_t port, uint32_t fwmark)
      : requested_port_(requested_port), port_(port), fwmark_(fwmark) {}

  uint16_t port() const { return port_; }
  uint32_t fwmark() const { return fwmark_; }
  // Whether an update touches the sockets. Equal values don't, so that `wg syncconf` reopens
  // nothing.
  bool WouldChange(const DeviceUpdate& update) const;
  // Whose sockets these are: what is needed to change them.
  struct Users {
    std::span<const std::unique_ptr<Worker>> workers;
    SocketSource* source = nullptr;
    int asker = -1;    // of SocketSource
    bool gro = false;  // new sockets receive trains
  };
  // Carries out the update's port and mark on all workers, or changes nothing: a new port is opened
  // before the old one is given up. AlreadyExists: the port is in use.
  absl::Status Change(const DeviceUpdate& update, const Users& users);

 private:
  bool PortChanges(const DeviceUpdate& update) const;

  uint16_t requested_port_ = 0;
  uint16_t port_ = 0;
  uint32_t fwmark_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_LISTEN_SOCKETS_H_
