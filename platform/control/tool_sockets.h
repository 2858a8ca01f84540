#ifndef RINGWIRE_PLATFORM_CONTROL_TOOL_SOCKETS_H_
#define RINGWIRE_PLATFORM_CONTROL_TOOL_SOCKETS_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "platform/base/event_poll.h"
#include "platform/control/socket_file_watch.h"
#include "platform/control/sockets/admin_server.h"
#include "platform/control/sockets/device_control.h"
#include "platform/control/sockets/socket_server.h"
#include "platform/control/sockets/unix_listener.h"

namespace ringwire::platform {

// The Unix sockets of one device: `wg` speaks to the first (UAPI), `ringwire show` to the second,
// root to the third. For the control thread.
class ToolSockets {
 public:
  // `poll` and `device` outlive it.
  ToolSockets(EventPoll* poll, DeviceControl* device) : poll_(poll), device_(device) {}

  // `on_file_gone` is called when the socket's file was deleted or renamed, also if that happened
  // before this call.
  absl::Status ServeUapi(UnixListener listener, std::function<void()> on_file_gone);
  absl::Status ServeStatus(UnixListener listener);
  // For a device without a supervisor: it serves forget, and has no file to reload or save.
  absl::Status ServeAdmin(UnixListener listener);
  // See SocketServer.
  Instant due() const;
  void CloseStalled(Instant now);
  // Ends all conversations with tools.
  void Close();

  // The connection of the UAPI request that is being answered; -1: none.
  int uapi_asker() const { return uapi_ != nullptr ? uapi_->being_served() : -1; }

 private:
  absl::Status WatchFile(std::function<void()> on_file_gone);

  EventPoll* const poll_;
  DeviceControl* const device_;
  std::optional<SocketFileWatch> file_watch_;
  std::unique_ptr<SocketServer> uapi_;
  std::unique_ptr<SocketServer> status_;
  std::unique_ptr<AdminServer> admin_;
};

// Carries out a request to a device without a configuration file: only `forget` succeeds.
AdminResult DoWithoutFile(const AdminRequest& request, DeviceControl* device);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_TOOL_SOCKETS_H_
