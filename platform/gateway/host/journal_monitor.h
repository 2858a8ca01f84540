#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_MONITOR_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_MONITOR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Reports that a journal may have appeared, changed or gone. Thread-compatible.
class JournalMonitor {
 public:
  static absl::StatusOr<JournalMonitor> Open(const std::string& folder);

  int fd() const { return inotify_.get(); }  // readable: something changed
  // Clears the changes so far; the caller reads the journals. False: there were none.
  bool Drain();

 private:
  explicit JournalMonitor(UniqueFd inotify) : inotify_(std::move(inotify)) {}
  UniqueFd inotify_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_MONITOR_H_
