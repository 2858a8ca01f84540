#ifndef RINGWIRE_PLATFORM_BASE_EVENT_FD_H_
#define RINGWIRE_PLATFORM_BASE_EVENT_FD_H_

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// One side raises it, the other waits for its descriptor to become readable. Raising it several
// times before it is cleared counts as once. Any thread may raise, wait and clear; none of them
// fails, and only Wait blocks.
class EventFd {
 public:
  EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  // False: no descriptor was left. Nothing may be waited for then.
  bool valid() const { return fd_.valid(); }
  // For poll, epoll and io_uring: readable while raised.
  int get() const { return fd_.get(); }

  void Raise() const {
    const uint64_t one = 1;
    // EAGAIN: the counter is at its end, so it is raised already.
    [[maybe_unused]] const ssize_t size = ::write(fd_.get(), &one, sizeof(one));
  }

  void Clear() const {
    uint64_t count = 0;
    // EAGAIN: it is clear already.
    [[maybe_unused]] const ssize_t size = ::read(fd_.get(), &count, sizeof(count));
  }

  // Until it is raised, then clears it; at most `timeout_ms`, for ever if negative. May return
  // early when a signal comes.
  void Wait(int timeout_ms) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    ::poll(&wait, 1, timeout_ms);
    Clear();
  }

 private:
  UniqueFd fd_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_EVENT_FD_H_
