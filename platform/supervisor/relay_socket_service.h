#ifndef RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SOCKET_SERVICE_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SOCKET_SERVICE_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "platform/relay/relay_channel.h"
#include "platform/relay/socket_bodies.h"
#include "platform/supervisor/socket_grants.h"

namespace ringwire::platform {

// Opens and marks the UDP sockets that a relay may not open or mark itself. Thread-compatible.
class RelaySocketService {
 public:
  explicit RelaySocketService(std::string interface) : interface_(std::move(interface)) {}

  SocketGrants& grants() { return grants_; }
  // Answers a kSocket of the process `relay` on `channel`. False: the message is invalid.
  bool Serve(const RelayMessage& message, pid_t relay, RelayChannel* channel);

 private:
  absl::Status Give(const SocketRequest& request, RelayChannel* channel);

  const std::string interface_;
  SocketGrants grants_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SOCKET_SERVICE_H_
