#include "platform/config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/limits.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/base/replace_file.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// Keeps a wrong path from filling the memory.
constexpr size_t kFileBytesMax = kConfigFileBytesMax;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

absl::Status WithHint(const absl::Status& status) {
  if (!absl::IsPermissionDenied(status)) return status;  // EACCES, EPERM, EROFS
  return absl::PermissionDeniedError(MessageOf(status) +
                                     " (is its folder writable for the service?)");
}

bool IsMount(const std::string& path) {
  struct statx status{};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// A file that is mounted by itself, as into a container, cannot be replaced, only overwritten.
// PATH.new, which holds `text` on disk, stays unless all of it is written.
absl::Status OverwriteMount(const std::string& path, std::string_view text, const NewFile& wanted) {
  const std::string copy = path + ".new";
  absl::Status status = WithHint(WriteNewFile(copy, text, wanted));
  if (!status.ok()) {
    return {status.code(),
            MessageOf(status) + ": " + path +
                " is a mount of its own, and can be written only while its folder holds a copy; "
                "mount its folder in its place"};
  }
  const std::string tried = "overwrite " + path + ", which is a mount of its own,";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) {
    status = WithHint(absl::ErrnoToStatus(errno, tried));
    ::unlink(copy.c_str());
    return status;
  }
  if (!WriteAll(file.get(), text) ||
      ::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0 ||
      ::fchmod(file.get(), wanted.mode) != 0 || ::fsync(file.get()) != 0) {
    status = WithHint(absl::ErrnoToStatus(errno, tried));
    return {status.code(), fmt::format("{}; it is incomplete by now, and {} holds all of it",
                                       MessageOf(status), copy)};
  }
  ::unlink(copy.c_str());
  return absl::OkStatus();
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
  const NewFile file{.mode = old.st_mode & kOwnerOnly,
                     .owner = NewFile::Owner{old.st_uid, old.st_gid}};
  if (IsMount(path)) return OverwriteMount(path, text, file);
  return WithHint(ReplaceFile(path, text, file));
}

absl::Status MakeSecretFile(const std::string& path, std::string_view text) {
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  if (!file.valid()) return absl::ErrnoToStatus(errno, "make " + path);
  if (WriteAll(file.get(), text) && ::fsync(file.get()) == 0) return absl::OkStatus();
  const absl::Status status = absl::ErrnoToStatus(errno, "write " + path);
  ::unlink(path.c_str());
  return status;
}

}  // namespace ringwire::platform
