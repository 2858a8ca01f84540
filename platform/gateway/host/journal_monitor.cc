#include "platform/gateway/host/journal_monitor.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"

namespace ringwire::platform {

absl::StatusOr<JournalMonitor> JournalMonitor::Open(const std::string& folder) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid() ||
      ::inotify_add_watch(inotify.get(), folder.c_str(), IN_MODIFY | IN_DELETE | IN_ONLYDIR) < 0) {
    return absl::ErrnoToStatus(errno, "follow changes of " + folder);
  }
  return JournalMonitor(std::move(inotify));
}

bool JournalMonitor::Drain() {
  constexpr int kReadsMax = 64;  // poll() reports later events again
  alignas(inotify_event) std::array<char, 4096> events;
  for (int i = 0; i < kReadsMax; ++i) {
    if (::read(inotify_.get(), events.data(), events.size()) <= 0) return i > 0;
  }
  return true;
}

}  // namespace ringwire::platform
