#include "platform/control/stamp_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "platform/control/stamp_text.h"

namespace ringwire::platform {
namespace {

absl::Status FileError(const char* tried, const std::string& path) {
  return absl::ErrnoToStatus(errno, fmt::format("{} {}", tried, path));
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string text;
  std::array<char, 16384> chunk;
  while (true) {
    const ssize_t size = ::pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError("read", path);
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(size));
  }
}

absl::Status WriteAll(int fd, std::string_view text, const std::string& path) {
  off_t offset = 0;
  while (!text.empty()) {
    const ssize_t size = ::pwrite(fd, text.data(), text.size(), offset);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError("write", path);
    offset += size;
    text.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

// Read-only if the file is not writable.
UniqueFd OpenFile(const std::string& path, absl::Status* opened) {
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW;
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0600));
  if (fd.valid()) return fd;
  opened->Update(FileError("open", path));
  return UniqueFd(::open(path.c_str(), O_RDONLY | kFlags));
}

absl::Status SyncFolder(const std::string& directory) {
  const UniqueFd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid() && ::fsync(folder.get()) == 0) return absl::OkStatus();
  return FileError("sync the directory", directory);
}

}  // namespace

std::string StateDirectory() {
  const char* const directory = std::getenv("RINGWIRE_STATE_DIR");
  return directory != nullptr && *directory != '\0' ? directory : "/var/lib/ringwire";
}

StampFiles StampFiles::Open(const std::string& directory, const std::string& interface_name) {
  StampFiles stamps;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    stamps.opened_ = FileError("create the directory", directory);
  }
  stamps.files_[0].path = fmt::format("{}/{}.stamps", directory, interface_name);
  stamps.files_[1].path = stamps.files_[0].path + ".2";
  for (File& file : stamps.files_) file.fd = OpenFile(file.path, &stamps.opened_);
  if (stamps.opened_.ok()) stamps.opened_ = SyncFolder(directory);
  return stamps;
}

StampFiles::Loaded StampFiles::Load() {
  Loaded loaded;
  std::optional<size_t> newest;
  for (size_t i = 0; i < files_.size(); ++i) {
    const File& file = files_[i];
    if (!file.fd.valid()) continue;
    const absl::StatusOr<std::string> text = ReadAll(file.fd.get(), file.path);
    if (!text.ok()) {
      loaded.warnings.push_back(std::string(text.status().message()));
      continue;
    }
    StampText parsed = ParseStamps(*text);
    if (parsed.damaged) {
      loaded.warnings.push_back(file.path + ": damaged, or of a newer version; not read");
    } else if (parsed.malformed_lines > 0) {
      loaded.warnings.push_back(
          fmt::format("{}: {} malformed lines skipped", file.path, parsed.malformed_lines));
    }
    if (parsed.damaged || (newest.has_value() && parsed.generation <= generation_)) continue;
    newest = i;
    generation_ = parsed.generation;
    loaded.stamps = std::move(parsed.stamps);
  }
  next_ = newest == size_t{0} ? 1 : 0;
  return loaded;
}

absl::Status StampFiles::Save(std::span<const HandshakeStamp> stamps) {
  if (!opened_.ok()) return opened_;
  const File& file = files_[next_];
  struct stat status{};
  if (::fstat(file.fd.get(), &status) != 0) return FileError("look at", file.path);
  if (status.st_nlink == 0) {
    return absl::NotFoundError(fmt::format("write {}: somebody has deleted it", file.path));
  }
  const std::string text = FormatStamps(stamps, generation_ + 1);
  absl::Status written = WriteAll(file.fd.get(), text, file.path);
  if (written.ok() && ::ftruncate(file.fd.get(), static_cast<off_t>(text.size())) != 0) {
    written = FileError("cut", file.path);
  }
  if (written.ok() && ::fsync(file.fd.get()) != 0) written = FileError("sync", file.path);
  if (!written.ok()) return written;  // this file is tried again, and the other one stays whole
  ++generation_;
  next_ = 1 - next_;
  return absl::OkStatus();
}

}  // namespace ringwire::platform
