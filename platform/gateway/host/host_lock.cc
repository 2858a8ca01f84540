#include "platform/gateway/host/host_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <ctime>

#include "absl/status/status.h"

namespace ringwire::platform {

// The namespace itself is locked: no file is left behind, and it is one for all who share it,
// whatever folders they see.
absl::StatusOr<HostLock> HostLock::Take() {
  constexpr int kPatienceMs = 10'000;
  constexpr int kPauseMs = 10;
  UniqueFd network(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!network.valid()) return HostLock(UniqueFd());
  for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += kPauseMs) {
    if (::flock(network.get(), LOCK_EX | LOCK_NB) == 0) return HostLock(std::move(network));
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "lock the network namespace");
    }
    const timespec pause{0, kPauseMs * 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return absl::DeadlineExceededError(
      "lock the network namespace: another ringwire that is coming up holds it (try again)");
}

}  // namespace ringwire::platform
