#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_UNIX_LISTENER_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_UNIX_LISTENER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

struct UnixListenerOptions {
  std::string directory;  // created with directory_mode where it is missing
  mode_t directory_mode = 0755;
  std::string file_name;
  mode_t file_mode = 0600;
  std::optional<gid_t> group;  // of the file; without the right to give it away, it gets no access
  bool removes_file = true;    // the destructor removes the file; else another process does
};

// A listening stream socket with its file. The file gets its name only when the socket accepts
// connections: `wg` deletes a socket that refuses it. The destructor removes the file if requested,
// unless another process has replaced it.
class UnixListener {
 public:
  // Replaces the file of a dead process; AlreadyExists if a live one answers.
  static absl::StatusOr<UnixListener> Listen(const UnixListenerOptions& options);
  // Takes over a listening descriptor (WG_UAPI_FD). The destructor leaves its file, if it has one.
  static absl::StatusOr<UnixListener> Adopt(UniqueFd fd);
  // The same for one of Listen(), which is not bound where its file is. The destructor leaves it.
  static absl::StatusOr<UnixListener> Adopt(UniqueFd fd, std::string path);

  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }  // empty: none
  // Whether the file still exists and is this socket's.
  bool FileIsOurs() const;
  // Whether the file exists anywhere. Uses no path, so a process that may not open files can call
  // it.
  bool FileExists() const;

 private:
  UnixListener(UniqueFd fd, std::string path, bool owns_file);

  UniqueFd fd_;
  std::string path_;
  bool owns_file_ = false;
  UniqueFd file_;  // opened with O_PATH, only to check it
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// OK: no process listens at `path`. AlreadyExists: one does. Otherwise: why that is unknown.
absl::Status CheckNotServed(const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_UNIX_LISTENER_H_
