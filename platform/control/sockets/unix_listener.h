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
  std::optional<gid_t> group;  // of the file
  bool removes_file = true;    // with the object; else somebody else does
};

// A listening stream socket with its file. The file appears under its name only when connections
// are accepted: `wg` deletes a socket that refuses it. If it is to go with the object, it does not
// where somebody else's has taken its place.
class UnixListener {
 public:
  // Replaces what a dead process left; AlreadyExists if a live one answers there.
  static absl::StatusOr<UnixListener> Listen(const UnixListenerOptions& options);
  // Takes an already listening descriptor over (WG_UAPI_FD). Its file, if it has one, stays when
  // the object goes.
  static absl::StatusOr<UnixListener> Adopt(UniqueFd fd);

  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }  // empty: none
  // Whether the file is still there and still this socket's.
  bool FileIsOurs() const;
  // Whether it is still anywhere. Asks for no path, so that a process may that opens no file.
  bool FileExists() const;

 private:
  UnixListener(UniqueFd fd, std::string path, bool owns_file);

  UniqueFd fd_;
  std::string path_;
  bool owns_file_ = false;
  UniqueFd file_;  // without a right to anything but to look at it
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// OK: nobody listens at `path`. AlreadyExists: somebody does. Else why that could not be found out.
absl::Status CheckNotServed(const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_UNIX_LISTENER_H_
