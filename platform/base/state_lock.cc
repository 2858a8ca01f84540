#include "platform/base/state_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/instant.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"

namespace ringwire::platform {
namespace {

constexpr char kFolder[] = "lock";

// Another process may have unlinked the file between our open() and our flock().
bool IsNamed(const UniqueFd& folder, const UniqueFd& file, const std::string& name) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(file.get(), &opened) == 0 &&
         ::fstatat(folder.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// Nobody else could have it open.
bool IsOursAlone(const struct stat& status, mode_t kind) {
  return (status.st_mode & S_IFMT) == kind && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

// Without a file the caller goes on without the lock, so a failure that says nothing about the
// folder must not look like that.
bool CannotBeWritten(int error) {
  return error == ENOENT || error == EACCES || error == EPERM || error == EROFS;
}

absl::Status NotOurs(const std::string& path) {
  return absl::FailedPreconditionError(fmt::format(
      "cannot lock {}: it is not for this user alone; remove it, and ringwire makes it anew",
      path));
}

// Invalid: nothing can be written there.
absl::StatusOr<UniqueFd> OpenFolder(const std::string& path) {
  ::mkdir(path.c_str(), 0700);
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!folder.valid()) {
    if (errno == ELOOP || errno == ENOTDIR) return NotOurs(path);
    if (CannotBeWritten(errno)) return UniqueFd();
    return absl::ErrnoToStatus(errno, "cannot open " + path);
  }
  if (::fstat(folder.get(), &status) != 0) return absl::ErrnoToStatus(errno, "look at " + path);
  if (!IsOursAlone(status, S_IFDIR)) return NotOurs(path);
  return folder;
}

// Invalid: a folder that is read-only.
absl::StatusOr<UniqueFd> OpenFile(const UniqueFd& folder, const std::string& name,
                                  const std::string& path) {
  UniqueFd file(::openat(folder.get(), name.c_str(),
                         O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat status{};
  if (!file.valid()) {
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO) return NotOurs(path);
    if (CannotBeWritten(errno)) return UniqueFd();
    return absl::ErrnoToStatus(errno, "cannot open " + path);
  }
  if (::fstat(file.get(), &status) != 0) return absl::ErrnoToStatus(errno, "look at " + path);
  if (!IsOursAlone(status, S_IFREG)) return NotOurs(path);
  return file;
}

}  // namespace

absl::StatusOr<StateLock> StateLock::Take(const std::string& folder, const std::string& name,
                                          EndSignals signals, absl::Duration patience) {
  const std::string path = fmt::format("{}/{}/{}", folder, kFolder, name);
  const Instant deadline = BootNow() + patience;
  ASSIGN_OR_RETURN(UniqueFd opened, OpenFolder(fmt::format("{}/{}", folder, kFolder)));
  if (!opened.valid()) return StateLock();
  do {
    ASSIGN_OR_RETURN(UniqueFd file, OpenFile(opened, name, path));
    if (!file.valid()) return StateLock();
    const absl::Status status = LockWithin(file.get(), deadline - BootNow(), signals);
    if (absl::IsDeadlineExceeded(status)) break;
    if (!status.ok()) {
      return absl::Status(status.code(),
                          fmt::format("cannot lock {}: {}", path, MessageOf(status)));
    }
    if (IsNamed(opened, file, name)) return StateLock(std::move(opened), std::move(file), name);
  } while (BootNow() < deadline);
  return absl::DeadlineExceededError(fmt::format(
      "cannot lock {}: another ringwire holds it; try again when that one has finished", path));
}

// While it is locked: whoever has opened the file meanwhile finds out that it has no name any more.
StateLock::~StateLock() {
  if (holds()) ::unlinkat(folder_.get(), name_.c_str(), 0);
}

}  // namespace ringwire::platform
