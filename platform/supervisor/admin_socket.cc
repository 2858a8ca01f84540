#include "platform/supervisor/admin_socket.h"

#include <utility>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Open(const std::string& state_folder,
                                                               const std::string& interface,
                                                               AdminServer::Serve serve) {
  ASSIGN_OR_RETURN(UnixListener listener, ListenForAdmin(state_folder, interface));
  std::unique_ptr<AdminSocket> socket(new AdminSocket(std::move(listener), std::move(serve)));
  RETURN_IF_ERROR(socket->server_.Start());
  return socket;
}

void AdminSocket::Serve() {
  const absl::Status status = poll_.Wait(/*may_block=*/false);
  if (!status.ok()) spdlog::warn("serve the admin socket: {}", MessageOf(status));
  server_.CloseStalled(BootNow());
}

}  // namespace ringwire::platform
