#include "platform/control/socket_file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ringwire::platform {

absl::StatusOr<SocketFileWatch> SocketFileWatch::Open(const std::string& path) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // A deletion shows as IN_ATTRIB (one link less): the open socket itself keeps the inode alive.
  const bool watched =
      inotify.valid() && ::inotify_add_watch(inotify.get(), path.c_str(),
                                             IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) >= 0;
  if (!watched && errno != ENOENT) return absl::ErrnoToStatus(errno, "watch " + path);
  return SocketFileWatch(std::move(inotify));
}

bool SocketFileWatch::ReadMoved() {
  alignas(inotify_event) std::array<char, 4096> events;
  bool moved = false;
  while (true) {
    const ssize_t size = ::read(inotify_.get(), events.data(), events.size());
    if (size <= 0) return moved;
    for (const char* next = events.data(); next < events.data() + size;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(next);
      moved = moved || (event->mask & IN_MOVE_SELF) != 0;
      next += sizeof(inotify_event) + event->len;
    }
  }
}

}  // namespace ringwire::platform
