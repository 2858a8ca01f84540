#include "platform/base/lock_wait.h"

#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "core/base/instant.h"
#include "platform/base/clock.h"
#include "platform/base/end_signals.h"

namespace ringwire::platform {

// The kernel's own waiting has no time-out, so this asks again and again.
absl::Status LockWithin(int file, absl::Duration patience, EndSignals signals) {
  constexpr int kPauseMs = 10;
  const UniqueFd ends = signals == EndSignals::kHeard ? OpenEndSignals() : UniqueFd();
  const Instant deadline = BootNow() + patience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return absl::ErrnoToStatus(errno, "flock");
    if (BootNow() >= deadline) return absl::DeadlineExceededError("another process holds it");
    pollfd wait{ends.get(), POLLIN, 0};
    if (::poll(&wait, 1, kPauseMs) > 0) return absl::CancelledError("interrupted by a signal");
  }
  return absl::OkStatus();
}

}  // namespace ringwire::platform
