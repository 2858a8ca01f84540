#include "platform/observe/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/make_folder.h"
#include "platform/base/paths.h"

namespace ringwire::platform {
namespace {

constexpr mode_t kMode = 0640;
constexpr size_t kChunkBytes = 65536;
constexpr int kReadTries = 5;

std::string OlderPath(const std::string& path) { return path + ".1"; }

void LetGroupRead(const UniqueFd& file) {
  [[maybe_unused]] const int owned =
      ::fchown(file.get(), static_cast<uid_t>(-1), StatusGroup().value_or(0));
  ::fchmod(file.get(), kMode);
}

absl::StatusOr<UniqueFd> OpenFile(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, kMode));
  if (!file.valid()) return absl::ErrnoToStatus(errno, "open " + path);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return absl::FailedPreconditionError(path + " is not a regular file");
  }
  LetGroupRead(file);
  return file;
}

// The part of a file that a reader compares to see whether lines were moved meanwhile.
struct FileMark {
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};
};

FileMark MarkOf(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return {about.st_ino, about.st_size, about.st_mtim};
}

bool WasMoved(const FileMark& before, const FileMark& after) {
  return before.inode != after.inode || before.changed.tv_sec != after.changed.tv_sec ||
         before.changed.tv_nsec != after.changed.tv_nsec;
}

// Appends the file's content. False: there is no such file. The error: it may not be read.
absl::StatusOr<bool> AppendFile(const std::string& path, std::string* to) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return false;
  if (!file.valid() && errno == EACCES) {
    return absl::PermissionDeniedError(fmt::format(
        "cannot read {}: Permission denied; run as root, or join the group ringwire", path));
  }
  if (!file.valid()) return absl::ErrnoToStatus(errno, "read " + path);
  const auto chunk = std::make_unique<char[]>(kChunkBytes);
  for (size_t left = LogFile::kBytesMax; left > 0;) {
    const ssize_t size = ::read(file.get(), chunk.get(), std::min(left, kChunkBytes));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "read " + path);
    if (size == 0) break;
    to->append(chunk.get(), static_cast<size_t>(size));
    left -= static_cast<size_t>(size);
  }
  return true;
}

}  // namespace

std::string LogFile::PathOf(const std::string& folder, const std::string& interface) {
  return fmt::format("{}/{}.log", folder, interface);
}

absl::StatusOr<LogFile> LogFile::Open(const std::string& folder, const std::string& interface) {
  RETURN_IF_ERROR(MakeFolder(folder, 0755));
  const std::string path = PathOf(folder, interface);
  ASSIGN_OR_RETURN(UniqueFd current, OpenFile(path, O_RDWR | O_APPEND));
  ASSIGN_OR_RETURN(UniqueFd older, OpenFile(OlderPath(path), O_WRONLY));
  return LogFile(std::move(current), std::move(older));
}

void LogFile::Append(std::string_view lines) {
  const off_t size_before = ::lseek(current_.get(), 0, SEEK_END);
  if (size_before < 0) return;
  if (static_cast<size_t>(size_before) + lines.size() > kBytesMax) MakeRoom();
  while (!lines.empty()) {
    const ssize_t size = ::write(current_.get(), lines.data(), lines.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    lines.remove_prefix(static_cast<size_t>(size));
  }
}

// The current file is emptied last: a process that dies here leaves lines twice, and loses none.
void LogFile::MakeRoom() {
  const auto chunk = std::make_unique<char[]>(kChunkBytes);
  off_t done = 0;
  while (true) {
    const ssize_t size = ::pread(current_.get(), chunk.get(), kChunkBytes, done);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    if (::pwrite(older_.get(), chunk.get(), static_cast<size_t>(size), done) != size) break;
    done += size;
  }
  [[maybe_unused]] const int cut = ::ftruncate(older_.get(), done);
  [[maybe_unused]] const int emptied = ::ftruncate(current_.get(), 0);
}

absl::StatusOr<std::string> ReadLog(const std::string& folder, const std::string& interface) {
  const std::string path = LogFile::PathOf(folder, interface);
  std::string text;
  for (int i = 0; i < kReadTries; ++i) {
    const FileMark before = MarkOf(OlderPath(path));
    text.clear();
    ASSIGN_OR_RETURN(const bool older, AppendFile(OlderPath(path), &text));
    ASSIGN_OR_RETURN(const bool current, AppendFile(path, &text));
    if (!older && !current) {
      return absl::NotFoundError(fmt::format("there is no {}", path));
    }
    if (!WasMoved(before, MarkOf(OlderPath(path)))) break;
  }
  return text;
}

}  // namespace ringwire::platform
