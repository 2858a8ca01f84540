#include "platform/relay/socket_bodies.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/base/limits.h"
#include "platform/relay/body_numbers.h"

namespace ringwire::platform {
namespace {

constexpr uint8_t kGro = 1;
constexpr uint8_t kHasAsker = 2;
constexpr uint8_t kV4 = 1;
constexpr uint8_t kV6 = 2;

}  // namespace

std::string SocketRequestBody(const SocketRequest& request) {
  const auto flags =
      static_cast<uint8_t>((request.gro ? kGro : 0) | (request.has_asker ? kHasAsker : 0));
  return JoinNumbers(request.id, request.mark, request.port, request.workers, flags);
}

std::optional<SocketRequest> ParseSocketRequest(std::string_view body) {
  SocketRequest request;
  uint8_t flags = 0;
  if (!SplitNumbers(body, &request.id, &request.mark, &request.port, &request.workers, &flags) ||
      request.workers > kWorkersMax) {
    return std::nullopt;
  }
  request.gro = (flags & kGro) != 0;
  request.has_asker = (flags & kHasAsker) != 0;
  return request;
}

std::string SocketReplyBody(const SocketReply& reply) {
  const auto flags = static_cast<uint8_t>((reply.v4 ? kV4 : 0) | (reply.v6 ? kV6 : 0));
  return JoinNumbers(reply.id, reply.port, reply.workers, flags);
}

std::optional<SocketReply> ParseSocketReply(std::string_view body) {
  SocketReply reply;
  uint8_t flags = 0;
  if (!SplitNumbers(body, &reply.id, &reply.port, &reply.workers, &flags)) return std::nullopt;
  reply.v4 = (flags & kV4) != 0;
  reply.v6 = (flags & kV6) != 0;
  return reply;
}

std::vector<SocketsMessage> SocketsMessages(const UdpSocketsView& sockets, uint32_t id) {
  const size_t each = size_t{sockets.v4} + size_t{sockets.v6};
  std::vector<SocketsMessage> messages;
  for (std::span<const int> rest = sockets.sockets; !rest.empty();) {
    const size_t workers = std::min(rest.size() / each, kSocketPairsMax);
    const std::span<const int> part = rest.first(workers * each);
    const SocketReply reply{id, sockets.port, static_cast<uint16_t>(workers), sockets.v4,
                            sockets.v6};
    messages.push_back({SocketReplyBody(reply), {part.begin(), part.end()}});
    rest = rest.subspan(part.size());
  }
  return messages;
}

bool TakePairs(const SocketReply& reply, std::vector<UniqueFd> descriptors, UdpSocketGroup* group) {
  const size_t each = size_t{reply.v4} + size_t{reply.v6};
  if (each == 0 || descriptors.size() != each * reply.workers) return false;
  group->port = reply.port;
  for (size_t i = 0; i < descriptors.size(); i += each) {
    UdpSockets& pair = group->workers.emplace_back();
    if (reply.v4) pair.v4 = std::move(descriptors[i]);
    if (reply.v6) pair.v6 = std::move(descriptors[i + each - 1]);
  }
  return true;
}

std::string SocketRefusalBody(const SocketRefusal& refusal) {
  const std::string head = JoinNumbers(refusal.id, static_cast<int>(refusal.why.code()));
  const absl::string_view text = refusal.why.message();
  return head + std::string(text.substr(0, kRelayBodyMax - head.size()));
}

std::optional<SocketRefusal> ParseSocketRefusal(std::string_view body) {
  uint32_t id = 0;
  int code = 0;
  constexpr size_t kHeadBytes = sizeof(id) + sizeof(code);
  if (body.size() < kHeadBytes || !SplitNumbers(body.substr(0, kHeadBytes), &id, &code)) {
    return std::nullopt;
  }
  const std::string text(body.substr(kHeadBytes));
  return SocketRefusal{id, absl::Status(static_cast<absl::StatusCode>(code), text)};
}

}  // namespace ringwire::platform
