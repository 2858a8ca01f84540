#include "platform/control/sockets/unix_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/make_folder.h"

namespace ringwire::platform {
namespace {

// Connections that may wait to be accepted.
constexpr int kBacklog = 64;

bool FillAddress(const std::string& path, sockaddr_un* address) {
  *address = sockaddr_un{};
  address->sun_family = AF_UNIX;
  if (path.size() >= sizeof(address->sun_path)) return false;
  std::copy(path.begin(), path.end(), address->sun_path);
  return true;
}

absl::Status TooLong(const std::string& path) {
  return absl::InvalidArgumentError(fmt::format("listen at {}: the path is too long", path));
}

// Binds and listens at `path`, and sets the file's mode and group before anybody can connect.
absl::StatusOr<UniqueFd> BindAndListen(const std::string& path,
                                       const UnixListenerOptions& options) {
  sockaddr_un address;
  if (!FillAddress(path, &address)) return TooLong(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open a unix socket");
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, fmt::format("bind {}", path));
  }
  // Without CAP_CHOWN, as in a container, the file serves its owner alone.
  const bool is_given =
      !options.group.has_value() || ::chown(path.c_str(), uid_t(-1), *options.group) == 0;
  const bool serves_owner = !is_given && errno == EPERM;
  const mode_t mode = serves_owner ? options.file_mode & ~mode_t{S_IRWXG} : options.file_mode;
  const bool ready = (is_given || serves_owner) && ::chmod(path.c_str(), mode) == 0 &&
                     ::listen(fd.get(), kBacklog) == 0;
  if (ready) return fd;
  const int error = errno;
  ::unlink(path.c_str());
  return absl::ErrnoToStatus(error, fmt::format("listen at {}", path));
}

}  // namespace

absl::Status CheckNotServed(const std::string& path) {
  sockaddr_un address;
  if (!FillAddress(path, &address)) return TooLong(path);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open a unix socket");
  const int result =
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // EAGAIN: another process listens and has a full backlog.
  if (result == 0 || errno == EAGAIN) {
    return absl::AlreadyExistsError(fmt::format("another process already serves {}", path));
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, fmt::format("look who serves {}", path));
}

absl::StatusOr<UnixListener> UnixListener::Listen(const UnixListenerOptions& options) {
  absl::Status status = MakeFolder(options.directory, options.directory_mode);
  if (!status.ok()) return status;
  const std::string path = options.directory + "/" + options.file_name;
  status = CheckNotServed(path);
  if (!status.ok()) return status;

  // Without ".sock" at the end: `wg` tries every file with it.
  const std::string temporary = fmt::format("{}.{}", path, ::getpid());
  ASSIGN_OR_RETURN(UniqueFd fd, BindAndListen(temporary, options));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return absl::ErrnoToStatus(error, fmt::format("put the socket at {}", path));
  }
  return UnixListener(std::move(fd), path, options.removes_file);
}

absl::StatusOr<UnixListener> UnixListener::Adopt(UniqueFd fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  int listening = 0;
  socklen_t listening_size = sizeof(listening);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::ErrnoToStatus(errno, fmt::format("take over descriptor {}", fd.get()));
  }
  if (address.sun_family != AF_UNIX || listening == 0) {
    return absl::InvalidArgumentError(
        fmt::format("take over descriptor {}: it is not a listening unix socket", fd.get()));
  }
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0 || ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "set up the inherited socket");
  }
  const bool has_path = size > offsetof(sockaddr_un, sun_path) && address.sun_path[0] != '\0';
  return UnixListener(std::move(fd), has_path ? std::string(address.sun_path) : std::string(),
                      /*owns_file=*/false);
}

absl::StatusOr<UnixListener> UnixListener::Adopt(UniqueFd fd, std::string path) {
  ASSIGN_OR_RETURN(UnixListener adopted, Adopt(std::move(fd)));
  return UnixListener(std::move(adopted.fd_), std::move(path), /*owns_file=*/false);
}

UnixListener::UnixListener(UniqueFd fd, std::string path, bool owns_file)
    : fd_(std::move(fd)), path_(std::move(path)), owns_file_(owns_file) {
  struct stat status{};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  file_ = UniqueFd(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

UnixListener::~UnixListener() {
  if (fd_.valid() && owns_file_ && FileIsOurs()) ::unlink(path_.c_str());
}

bool UnixListener::FileExists() const {
  struct stat status{};
  return ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0;
}

bool UnixListener::FileIsOurs() const {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) return false;
  return status.st_dev == device_ && status.st_ino == inode_;
}

}  // namespace ringwire::platform
