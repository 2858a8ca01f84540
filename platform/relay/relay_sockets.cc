#include "platform/relay/relay_sockets.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "platform/base/clock.h"

namespace ringwire::platform {
namespace {

// The supervisor may be running a program that sets name servers.
constexpr absl::Duration kReplyPatience = absl::Seconds(10);

absl::Status Busy() {
  return absl::DeadlineExceededError(
      "open UDP sockets: the supervisor process is busy with something else (try again)");
}

absl::Status NoReply() {
  return absl::InternalError("open UDP sockets: no reply of the supervisor process");
}

}  // namespace

RelaySockets::RelaySockets(RelayChannel* channel, Defer defer)
    : channel_(channel), defer_(std::move(defer)) {}

bool RelaySockets::IsReply(RelayVerb verb) {
  return verb == RelayVerb::kSockets || verb == RelayVerb::kNoSockets;
}

absl::StatusOr<UdpSocketGroup> RelaySockets::Open(const UdpOptions& options, int asker) {
  SocketRequest request;
  request.mark = options.fwmark;
  request.port = options.port;
  request.workers = static_cast<uint16_t>(options.workers);
  request.gro = options.gro;
  RETURN_IF_ERROR(Ask(request, {}, asker));
  const Instant deadline = BootNow() + kReplyPatience;
  UdpSocketGroup group;
  while (group.workers.size() < options.workers) {
    ASSIGN_OR_RETURN(RelayMessage message, TakeReply(deadline));
    const std::optional<SocketReply> reply = ParseSocketReply(message.body);
    if (!reply.has_value() || reply->workers == 0 ||
        !TakePairs(*reply, std::move(message.descriptors), &group)) {
      return NoReply();
    }
  }
  return group;
}

absl::Status RelaySockets::Mark(std::span<const int> sockets, uint32_t fwmark, int asker) {
  const Instant deadline = BootNow() + kReplyPatience;
  SocketRequest request;
  request.mark = fwmark;
  while (!sockets.empty()) {
    const size_t count = std::min(sockets.size(), kPassedDescriptorsMax - 1);
    absl::Status status = Ask(request, sockets.first(count), asker);
    if (status.ok()) status = TakeReply(deadline).status();
    if (!status.ok()) return status;
    sockets = sockets.subspan(count);
  }
  return absl::OkStatus();
}

absl::Status RelaySockets::Ask(SocketRequest request, std::span<const int> sockets, int asker) {
  if (!channel_->CanSend()) return Busy();
  request.id = ++latest_id_;
  request.has_asker = asker >= 0;
  std::vector<int> descriptors(sockets.begin(), sockets.end());
  if (request.has_asker) descriptors.push_back(asker);
  return channel_->SendWith(descriptors, RelayVerb::kSocket, SocketRequestBody(request));
}

absl::StatusOr<RelayMessage> RelaySockets::TakeReply(Instant deadline) {
  while (true) {
    absl::StatusOr<RelayMessage> message = channel_->Receive({.deadline = deadline});
    if (absl::IsDeadlineExceeded(message.status())) return Busy();
    if (!message.ok()) return message;
    if (message->verb == RelayVerb::kSockets) {
      const std::optional<SocketReply> reply = ParseSocketReply(message->body);
      if (!reply.has_value()) return NoReply();
      if (reply->id == latest_id_) return message;
    } else if (message->verb == RelayVerb::kNoSockets) {
      const std::optional<SocketRefusal> refusal = ParseSocketRefusal(message->body);
      if (!refusal.has_value()) return NoReply();
      if (refusal->id == latest_id_) return refusal->why;
    } else {
      defer_(*std::move(message));
    }
  }
}

}  // namespace ringwire::platform
