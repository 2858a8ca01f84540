#include "platform/udp/receive_drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace ringwire::platform {

void ReceiveDrops::Look(std::span<const int> sockets) {
  std::map<uint64_t, uint32_t> now;
  for (const int fd : sockets) {
    uint64_t cookie = 0;  // of this socket and no other one
    socklen_t cookie_bytes = sizeof(cookie);
    std::array<uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t memory_bytes = sizeof(memory);
    if (::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_bytes) != 0 ||
        ::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &memory_bytes) != 0) {
      continue;
    }
    const uint32_t drops = memory[SK_MEMINFO_DROPS];
    const auto before = last_.find(cookie);
    // The kernel's count is one of 32 bits and starts again.
    total_ += before == last_.end() ? drops : drops - before->second;
    now[cookie] = drops;
  }
  last_ = std::move(now);
}

}  // namespace ringwire::platform
