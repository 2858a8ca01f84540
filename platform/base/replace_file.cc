#include "platform/base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const UniqueFd opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.valid() && ::fsync(opened.get()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "sync the folder of " + path);
}

absl::Status Fill(const UniqueFd& file, const std::string& path, std::string_view text,
                  const NewFile& wanted) {
  if (!file.valid() || !WriteAll(file.get(), text)) {
    return absl::ErrnoToStatus(errno, "write " + path);
  }
  if (wanted.owner && ::fchown(file.get(), wanted.owner->user, wanted.owner->group) != 0) {
    return absl::ErrnoToStatus(errno, "keep the owner of " + path);
  }
  if (::fchmod(file.get(), wanted.mode) != 0 || ::fsync(file.get()) != 0) {
    return absl::ErrnoToStatus(errno, "write " + path);
  }
  return absl::OkStatus();
}

}  // namespace

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    text.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

absl::Status WriteNewFile(const std::string& path, std::string_view text, const NewFile& file) {
  ::unlink(path.c_str());  // left by a process that was killed
  const UniqueFd opened(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  const absl::Status status = Fill(opened, path, text, file);
  if (!status.ok()) ::unlink(path.c_str());
  return status;
}

absl::Status ReplaceFile(const std::string& path, std::string_view text, const NewFile& file) {
  const std::string fresh = path + ".new";
  absl::Status status = WriteNewFile(fresh, text, file);
  if (!status.ok()) return status;
  if (::rename(fresh.c_str(), path.c_str()) == 0) return SyncFolderOf(path);
  status = absl::ErrnoToStatus(errno, "replace " + path);
  ::unlink(fresh.c_str());
  return status;
}

}  // namespace ringwire::platform
