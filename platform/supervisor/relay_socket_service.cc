#include "platform/supervisor/relay_socket_service.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/paths.h"
#include "platform/supervisor/control_connection.h"
#include "platform/udp/udp_socket.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

bool HasOption(int fd, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

bool IsUdpSocket(int fd) {
  const bool is_internet = HasOption(fd, SO_DOMAIN, AF_INET) || HasOption(fd, SO_DOMAIN, AF_INET6);
  return is_internet && HasOption(fd, SO_TYPE, SOCK_DGRAM) &&
         HasOption(fd, SO_PROTOCOL, IPPROTO_UDP);
}

absl::Status MarkSockets(std::span<const UniqueFd> sockets, uint32_t mark) {
  std::vector<int> descriptors;
  for (const UniqueFd& socket : sockets) {
    if (!IsUdpSocket(socket.get())) {
      return absl::InvalidArgumentError("mark UDP sockets: one of them is none");
    }
    descriptors.push_back(socket.get());
  }
  return SetFwmark(descriptors, mark);
}

}  // namespace

bool RelaySocketService::Serve(const RelayMessage& message, pid_t relay, RelayChannel* channel) {
  const std::optional<SocketRequest> request = ParseSocketRequest(message.body);
  std::span<const UniqueFd> sockets = message.descriptors;
  if (!request.has_value() || (request->has_asker && sockets.empty())) return false;
  bool root_asks = false;
  if (request->has_asker) {
    const std::string path = fmt::format("{}/{}", kUapiDirectory, SocketFileName(interface_));
    root_asks = IsConnectionOfRoot(sockets.back().get(), path, relay);
    sockets = sockets.first(sockets.size() - 1);
  }
  absl::Status status = grants_.Decide(BootNow(), {request->port, request->mark, root_asks});
  if (status.ok() && sockets.empty() && request->workers > 0) {
    status = Give(*request, channel);
  } else if (status.ok()) {
    status = MarkSockets(sockets, request->mark);
    if (status.ok()) {
      status = channel->Send(RelayVerb::kSockets, SocketReplyBody({.id = request->id}));
    }
  }
  if (status.ok()) return true;
  spdlog::warn("{}: {}", interface_, std::string(status.message()));
  // A relay that is gone is noticed where its messages are taken.
  channel->Send(RelayVerb::kNoSockets, SocketRefusalBody({request->id, status})).IgnoreError();
  return true;
}

absl::Status RelaySocketService::Give(const SocketRequest& request, RelayChannel* channel) {
  UdpOptions options;
  options.port = request.port;
  options.workers = request.workers;
  options.fwmark = request.mark;
  options.gro = request.gro;
  ASSIGN_OR_RETURN(const UdpSocketGroup group, OpenUdpSockets(options));
  for (const SocketsMessage& message : SocketsMessages(ViewOf(group), request.id)) {
    RETURN_IF_ERROR(channel->SendWith(message.descriptors, RelayVerb::kSockets, message.body));
  }
  return absl::OkStatus();
}

}  // namespace ringwire::platform
