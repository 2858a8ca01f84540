#include "platform/supervisor/socket_grants.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"

namespace ringwire::platform {

void SocketGrants::SetConfigured(uint16_t port, uint32_t mark) {
  ports_ = {port};
  marks_ = {mark};
  expected_ = 0;
}

void SocketGrants::AlsoAllow(uint16_t port, uint32_t mark) {
  ports_.insert(port);
  marks_.insert(mark);
}

absl::Status SocketGrants::Decide(Instant now, const Wish& wish) {
  if (!HasRoom(now)) {
    return absl::ResourceExhaustedError(
        "open UDP sockets: too many changes of port or mark in a minute (try again)");
  }
  if (wish.root_asks) {
    root_mark_ = wish.mark;
    return absl::OkStatus();
  }
  const bool port_is_free = wish.port == 0 || wish.port >= kFreePortFirst;
  if (!port_is_free && !ports_.contains(wish.port)) {
    return absl::PermissionDeniedError(fmt::format(
        "bind UDP port {}: neither the configuration nor root asked for it", wish.port));
  }
  if (wish.mark != 0 && wish.mark != root_mark_ && !marks_.contains(wish.mark)) {
    return absl::PermissionDeniedError(fmt::format(
        "mark UDP sockets with {}: neither the configuration nor root asked for it", wish.mark));
  }
  return absl::OkStatus();
}

bool SocketGrants::HasRoom(Instant now) {
  if (expected_ > 0) {
    --expected_;
    return true;
  }
  const Instant full_at = std::max(full_at_, now) + kEach;
  if (full_at - now > kBurst * kEach) return false;
  full_at_ = full_at;
  return true;
}

}  // namespace ringwire::platform
