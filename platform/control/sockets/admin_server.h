#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_SERVER_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/event_poll.h"
#include "platform/control/sockets/admin_requests.h"
#include "platform/control/sockets/socket_server.h"
#include "platform/control/sockets/unix_listener.h"

namespace ringwire::platform {

// FOLDER/INTERFACE.admin.sock, mode 0600.
absl::StatusOr<UnixListener> ListenForAdmin(const std::string& folder,
                                            const std::string& interface);
std::string AdminSocketFileName(const std::string& interface);

// Serves root, and the user of this process, on the admin socket of an interface, and closes other
// connections. Waits for no client. Thread-compatible.
class AdminServer {
 public:
  // Answers a request at once, later, or never if the service ends first.
  using Serve = std::function<void(const AdminRequest&, AdminAnswer)>;

  // `poll` outlives it.
  AdminServer(EventPoll* poll, UnixListener listener, Serve serve);

  absl::Status Start() { return server_->Start(); }
  // See SocketServer.
  Instant due() const { return server_->due(); }
  void CloseStalled(Instant now) { server_->CloseStalled(now); }

 private:
  std::shared_ptr<SocketServer> server_;  // not shared: late answers check whether it lives
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_SERVER_H_
