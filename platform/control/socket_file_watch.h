#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKET_FILE_WATCH_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKET_FILE_WATCH_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Notices when a file is deleted or renamed, by inotify. Thread-compatible.
class SocketFileWatch {
 public:
  // Succeeds without the file, too: it may be gone already.
  static absl::StatusOr<SocketFileWatch> Open(const std::string& path);

  int fd() const { return inotify_.get(); }
  // Takes all pending events. True: the file was renamed. After other events the caller checks
  // whether the file still exists.
  bool ReadMoved();

 private:
  explicit SocketFileWatch(UniqueFd inotify) : inotify_(std::move(inotify)) {}

  UniqueFd inotify_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKET_FILE_WATCH_H_
