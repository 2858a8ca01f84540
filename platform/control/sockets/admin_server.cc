#include "platform/control/sockets/admin_server.h"

#include <string_view>
#include <utility>

#include "platform/base/peer_credentials.h"
#include "platform/control/sockets/request_conversation.h"

namespace ringwire::platform {
namespace {

void ServeLine(const AdminServer::Serve& serve, std::string_view line,
               RequestConversation::Reply reply) {
  std::string why;
  const std::optional<AdminRequest> request = ParseAdminRequest(line, &why);
  if (!request.has_value()) {
    reply(AdminAnswerLine({false, std::move(why)}));
    return;
  }
  serve(*request,
        [reply = std::move(reply)](const AdminResult& result) { reply(AdminAnswerLine(result)); });
}

}  // namespace

std::string AdminSocketFileName(const std::string& interface) { return interface + ".admin.sock"; }

absl::StatusOr<UnixListener> ListenForAdmin(const std::string& folder,
                                            const std::string& interface) {
  return UnixListener::Listen(
      {folder, 0755, AdminSocketFileName(interface), 0600, /*group=*/std::nullopt});
}

AdminServer::AdminServer(EventPoll* poll, UnixListener listener, Serve serve) {
  auto poke = std::make_shared<std::weak_ptr<SocketServer>>();
  const auto make = [serve = std::move(serve), poke] {
    return std::make_unique<RequestConversation>(
        [serve](std::string_view line, RequestConversation::Reply reply) {
          ServeLine(serve, line, std::move(reply));
        },
        [poke] {
          if (const std::shared_ptr<SocketServer> server = poke->lock()) server->Poke();
        });
  };
  server_ = std::make_shared<SocketServer>(
      poll, std::move(listener), make, [](int client) { return TrustedPeer(client).has_value(); });
  *poke = server_;
}

}  // namespace ringwire::platform
