#include "platform/supervisor/admin_socket.h"

#include <utility>

#include "platform/base/message_of.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Open(const std::string& state_folder,
                                                               const std::string& interface,
                                                               AdminServer::Serve serve) {
  absl::StatusOr<UnixListener> listener = ListenForAdmin(state_folder, interface);
  if (!listener.ok()) return listener.status();
  std::unique_ptr<AdminSocket> socket(new AdminSocket(*std::move(listener), std::move(serve)));
  const absl::Status started = socket->server_.Start();
  if (!started.ok()) return started;
  return socket;
}

void AdminSocket::Serve() {
  const absl::Status status = poll_.Wait(/*may_block=*/false);
  if (!status.ok()) spdlog::warn("serve the admin socket: {}", MessageOf(status));
}

}  // namespace ringwire::platform
