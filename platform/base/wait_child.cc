#include "platform/base/wait_child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "platform/base/clock.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

std::optional<int> WaitForChild(pid_t child, absl::Duration patience) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const Instant deadline = BootNow() + patience;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) return std::nullopt;
    pollfd wait{process.get(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left_ms, INT_MAX)));
  }
}

}  // namespace ringwire::platform
