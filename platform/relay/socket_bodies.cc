#include "platform/relay/socket_bodies.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/limits.h"

namespace ringwire::platform {
namespace {

constexpr uint8_t kGro = 1;
constexpr uint8_t kHasAsker = 2;
constexpr uint8_t kV4 = 1;
constexpr uint8_t kV6 = 2;

// A body is a sequence of its numbers: both ends are the same program.
template <typename... Numbers>
std::string Join(Numbers... numbers) {
  std::string body;
  (body.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
  return body;
}

// False: the body has another length.
template <typename... Numbers>
bool Split(std::string_view body, Numbers*... numbers) {
  if (body.size() != (sizeof(Numbers) + ...)) return false;
  const auto take = [&body](auto* number) {
    std::memcpy(number, body.data(), sizeof(*number));
    body.remove_prefix(sizeof(*number));
  };
  (take(numbers), ...);
  return true;
}

}  // namespace

std::string SocketRequestBody(const SocketRequest& request) {
  const auto flags =
      static_cast<uint8_t>((request.gro ? kGro : 0) | (request.has_asker ? kHasAsker : 0));
  return Join(request.id, request.mark, request.port, request.workers, flags);
}

std::optional<SocketRequest> ParseSocketRequest(std::string_view body) {
  SocketRequest request;
  uint8_t flags = 0;
  if (!Split(body, &request.id, &request.mark, &request.port, &request.workers, &flags) ||
      request.workers > kWorkersMax) {
    return std::nullopt;
  }
  request.gro = (flags & kGro) != 0;
  request.has_asker = (flags & kHasAsker) != 0;
  return request;
}

std::string SocketReplyBody(const SocketReply& reply) {
  const auto flags = static_cast<uint8_t>((reply.v4 ? kV4 : 0) | (reply.v6 ? kV6 : 0));
  return Join(reply.id, reply.port, reply.workers, flags);
}

std::optional<SocketReply> ParseSocketReply(std::string_view body) {
  SocketReply reply;
  uint8_t flags = 0;
  if (!Split(body, &reply.id, &reply.port, &reply.workers, &flags)) return std::nullopt;
  reply.v4 = (flags & kV4) != 0;
  reply.v6 = (flags & kV6) != 0;
  return reply;
}

std::vector<int> PairsOf(const UdpSocketGroup& group, size_t first, size_t workers) {
  std::vector<int> descriptors;
  for (size_t i = first; i < first + workers; ++i) {
    for (const UniqueFd* fd : {&group.workers[i].v4, &group.workers[i].v6}) {
      if (fd->valid()) descriptors.push_back(fd->get());
    }
  }
  return descriptors;
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
  const std::string head = Join(refusal.id, static_cast<int>(refusal.why.code()));
  const absl::string_view text = refusal.why.message();
  return head + std::string(text.substr(0, kRelayBodyMax - head.size()));
}

std::optional<SocketRefusal> ParseSocketRefusal(std::string_view body) {
  uint32_t id = 0;
  int code = 0;
  constexpr size_t kHeadBytes = sizeof(id) + sizeof(code);
  if (body.size() < kHeadBytes || !Split(body.substr(0, kHeadBytes), &id, &code)) {
    return std::nullopt;
  }
  const std::string text(body.substr(kHeadBytes));
  return SocketRefusal{id, absl::Status(static_cast<absl::StatusCode>(code), text)};
}

}  // namespace ringwire::platform
