#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_SOCKET_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_SOCKET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "platform/base/event_poll.h"
#include "platform/control/sockets/admin_server.h"

namespace ringwire::platform {

// The supervisor's own socket for root's requests to reload, save and forget. The relay is not
// involved. Thread-compatible.
class AdminSocket {
 public:
  static absl::StatusOr<std::unique_ptr<AdminSocket>> Open(const std::string& state_folder,
                                                           const std::string& interface,
                                                           AdminServer::Serve serve);
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

  // Readable when Serve() has something to do.
  int fd() const { return poll_.fd(); }
  // Reads requests and writes answers without waiting. Closes the connections of clients that have
  // stalled.
  void Serve();
  // When to call Serve() although fd() is not readable.
  Instant due() const { return server_.due(); }

 private:
  AdminSocket(UnixListener listener, AdminServer::Serve serve)
      : server_(&poll_, std::move(listener), std::move(serve)) {}

  EventPoll poll_;
  AdminServer server_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_SOCKET_H_
