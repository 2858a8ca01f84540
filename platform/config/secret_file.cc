#include "platform/config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/limits.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// Keeps a wrong path from filling the memory.
constexpr size_t kFileBytesMax = kConfigFileBytesMax;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

absl::Status FileError(int error, const std::string& tried) {
  const absl::Status status = absl::ErrnoToStatus(error, tried);
  if (error != EROFS && error != EACCES && error != EPERM) return status;
  return {status.code(), MessageOf(status) + " (is its folder writable for the service?)"};
}

absl::Status WriteAll(int file, std::string_view text, const std::string& tried) {
  while (!text.empty()) {
    const ssize_t size = ::write(file, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(errno, tried);
    text.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

absl::Status WriteNew(const std::string& path, const struct stat& old, std::string_view text) {
  const std::string tried = "write " + path;
  ::unlink(path.c_str());  // of somebody who did not come to an end
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  if (!file.valid()) return FileError(errno, tried);
  absl::Status status = WriteAll(file.get(), text, tried);
  if (status.ok() && ::fchown(file.get(), old.st_uid, old.st_gid) != 0) {
    status = FileError(errno, "keep the owner of " + path);
  }
  if (status.ok() &&
      (::fchmod(file.get(), old.st_mode & kOwnerOnly) != 0 || ::fsync(file.get()) != 0)) {
    status = FileError(errno, tried);
  }
  return status;
}

bool IsMount(const std::string& path) {
  struct statx status{};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// A file that is mounted by itself, as into a container, cannot be replaced, only overwritten.
// `copy`, which holds `text` on disk, stays unless all of it is written.
absl::Status OverwriteMount(const std::string& path, const std::string& copy,
                            std::string_view text) {
  const std::string tried = "overwrite " + path + ", which is a mount of its own,";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat old{};
  if (!file.valid() || ::fstat(file.get(), &old) != 0) {
    const absl::Status status = FileError(errno, tried);
    ::unlink(copy.c_str());
    return status;
  }
  absl::Status status = WriteAll(file.get(), text, tried);
  if (status.ok() &&
      (::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0 ||
       ::fchmod(file.get(), old.st_mode & kOwnerOnly) != 0 || ::fsync(file.get()) != 0)) {
    status = FileError(errno, tried);
  }
  if (!status.ok()) {
    return {status.code(), fmt::format("{}; it is incomplete by now, and {} holds all of it",
                                       MessageOf(status), copy)};
  }
  ::unlink(copy.c_str());
  return absl::OkStatus();
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const UniqueFd opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.valid() && ::fsync(opened.get()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "sync the folder of " + path);
}

}  // namespace

absl::StatusOr<SecretText> ReadSecretFile(const std::string& path) {
  const std::string tried = fmt::format("read {}", path);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, tried);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return absl::ErrnoToStatus(errno, tried);
  SecretText file;
  file.world_readable = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
  // Reserved ahead, so that no copy of a key stays behind where the text grew.
  file.text.reserve(static_cast<size_t>(status.st_size) + 65536);
  std::array<char, 65536> chunk;
  ssize_t size = 0;
  while ((size = ::read(fd.get(), chunk.data(), chunk.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, tried);
    file.text.append(chunk.data(), static_cast<size_t>(size));
    if (file.text.size() > kFileBytesMax) {
      return absl::ResourceExhaustedError(
          fmt::format("{}: it has more than {} MiB, the most that a configuration may have", tried,
                      kFileBytesMax >> 20));
    }
  }
  crypto::Cleanse(chunk.data(), chunk.size());
  return file;
}

absl::Status ReplaceSecretFile(const std::string& path, std::string_view text) {
  struct stat old{};
  if (::lstat(path.c_str(), &old) != 0) return absl::ErrnoToStatus(errno, "replace " + path);
  const std::string temporary = path + ".new";
  absl::Status status = WriteNew(temporary, old, text);
  if (!status.ok() && IsMount(path)) {
    status = {status.code(),
              MessageOf(status) + ": " + path +
                  " is a mount of its own, and can be written only while its folder holds a copy; "
                  "mount its folder in its place"};
  }
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    if (error == EBUSY && IsMount(path)) return OverwriteMount(path, temporary, text);
    status = FileError(error, "replace " + path);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

}  // namespace ringwire::platform
