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

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/control/stamp_text.h"

namespace ringwire::platform {
namespace {

// A file smaller than this grows without being compacted.
constexpr uint64_t kSmallBytes = 64 * 1024;
// Endpoints that are older than the latest one by this are not kept.
const absl::Duration kAliveKept = absl::Minutes(10);

// `alive`: longest ago first.
std::vector<LiveEndpoint> Recent(const std::vector<LiveEndpoint>& alive) {
  std::vector<LiveEndpoint> recent;
  for (const LiveEndpoint& live : alive) {
    if (live.heard > alive.back().heard - kAliveKept) recent.push_back(live);
  }
  return recent;
}

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

absl::Status WriteAll(int fd, std::string_view text, uint64_t begin, const std::string& path) {
  auto offset = static_cast<off_t>(begin);
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

// The newer of the two files counts. A text of an older version is older than any log.
StampFiles::Loaded StampFiles::Load() {
  Loaded loaded;
  std::optional<size_t> newest;
  for (size_t i = 0; i < files_.size(); ++i) {
    const File& file = files_[i];
    if (!file.fd.valid()) continue;
    const absl::StatusOr<std::string> bytes = ReadAll(file.fd.get(), file.path);
    if (!bytes.ok()) {
      loaded.warnings.push_back(std::string(bytes.status().message()));
      continue;
    }
    StampLog log = ParseStampLog(*bytes);
    if (log.kind == StampLog::Kind::kNewer) {
      loaded.warnings.push_back(file.path +
                                ": written by a newer version; not read, and overwritten later");
      continue;
    }
    const bool is_log = log.kind == StampLog::Kind::kCurrent;
    StampText text = is_log ? StampText() : ParseStamps(*bytes);
    const uint64_t generation = is_log ? log.frames.generation() : text.generation;
    if (is_log && log.valid_bytes < bytes->size()) {
      loaded.warnings.push_back(fmt::format("{}: the last {} bytes are incomplete; not read",
                                            file.path, bytes->size() - log.valid_bytes));
    } else if (text.damaged) {
      loaded.warnings.push_back(file.path + ": damaged; not read");
    } else if (text.malformed_lines > 0) {
      loaded.warnings.push_back(
          fmt::format("{}: {} malformed lines skipped", file.path, text.malformed_lines));
    }
    if (text.damaged || (newest.has_value() && generation <= generation_)) continue;
    newest = i;
    generation_ = generation;
    loaded.alive = std::move(log.alive);
    loaded.stamps = is_log ? std::move(log.stamps) : std::move(text.stamps);
    current_.reset();
    if (is_log) current_ = Current{i, std::move(log.frames), log.valid_bytes, log.valid_bytes};
  }
  next_ = newest == size_t{0} ? 1 : 0;
  return loaded;
}

absl::Status StampFiles::CheckNotDeleted() const {
  for (const File& file : files_) {
    struct stat status{};
    if (::fstat(file.fd.get(), &status) != 0) return FileError("look at", file.path);
    if (status.st_nlink == 0) {
      return absl::NotFoundError(fmt::format("write {}: somebody has deleted it", file.path));
    }
  }
  return absl::OkStatus();
}

absl::Status StampFiles::Save(const StampChanges& changes) {
  if (!opened_.ok()) return opened_;
  absl::Status status = CheckNotDeleted();
  if (status.ok()) {
    if (changes.is_complete) {
      status = Begin(WithKeptEndpoints(changes));
    } else if (current_.has_value()) {
      status = Append(changes);
    } else {
      return absl::FailedPreconditionError(
          "save some timestamps: there is no file with the others");
    }
  }
  // Bytes of a save that failed may lie behind the end: what is appended there would not be found.
  if (!status.ok()) current_.reset();
  return status;
}

absl::Status StampFiles::Append(const StampChanges& changes) {
  const File& file = files_[current_->index];
  std::string bytes;
  current_->frames.Append(changes, current_->size, &bytes);
  absl::Status written = WriteAll(file.fd.get(), bytes, current_->size, file.path);
  current_->size += bytes.size();
  // An incomplete save of before may be longer than this one.
  if (written.ok() && ::ftruncate(file.fd.get(), static_cast<off_t>(current_->size)) != 0) {
    written = FileError("cut", file.path);
  }
  if (written.ok() && ::fsync(file.fd.get()) != 0) written = FileError("sync", file.path);
  if (written.ok() && current_->size > 2 * current_->whole_size + kSmallBytes) written = Compact();
  return written;
}

absl::Status StampFiles::Begin(const StampChanges& all) {
  const File& file = files_[next_];
  StampFrames frames(generation_ + 1);
  std::string bytes = StampHead(frames.generation());
  frames.Append(all, 0, &bytes);
  // The head comes last: a file without it does not count.
  const std::string_view head = std::string_view(bytes).substr(0, kStampHeadBytes);
  absl::Status written = WriteAll(file.fd.get(), std::string(kStampHeadBytes, '\0'), 0, file.path);
  if (written.ok()) {
    written = WriteAll(file.fd.get(), std::string_view(bytes).substr(kStampHeadBytes),
                       kStampHeadBytes, file.path);
  }
  if (written.ok() && ::ftruncate(file.fd.get(), static_cast<off_t>(bytes.size())) != 0) {
    written = FileError("cut", file.path);
  }
  if (written.ok() && ::fsync(file.fd.get()) != 0) written = FileError("sync", file.path);
  if (written.ok()) written = WriteAll(file.fd.get(), head, 0, file.path);
  if (written.ok() && ::fsync(file.fd.get()) != 0) written = FileError("sync", file.path);
  if (!written.ok()) return written;  // this file is tried again, and the other one stays whole
  ++generation_;
  current_ = Current{next_, std::move(frames), bytes.size(), bytes.size()};
  next_ = 1 - next_;
  return absl::OkStatus();
}

// A file that cannot be read has none: what is saved counts more.
StampChanges StampFiles::WithKeptEndpoints(const StampChanges& all) const {
  StampChanges with = all;
  const File& newest = files_[1 - next_];
  const absl::StatusOr<std::string> bytes = ReadAll(newest.fd.get(), newest.path);
  if (!bytes.ok()) return with;
  const StampLog log = ParseStampLog(*bytes);
  if (log.kind != StampLog::Kind::kCurrent || log.frames.generation() != generation_) return with;
  std::vector<LiveEndpoint> kept = Recent(log.alive);
  absl::flat_hash_set<std::pair<crypto::PublicKey, crypto::PublicKey>> known;
  for (const HandshakeStamp& stamp : all.raised) {
    known.emplace(stamp.local_public_key, stamp.peer_public_key);
  }
  std::erase_if(kept, [&known](const LiveEndpoint& live) {
    return !known.contains(std::pair(live.local_public_key, live.peer_public_key));
  });
  // The later record of a peer counts.
  with.alive.insert(with.alive.begin(), kept.begin(), kept.end());
  return with;
}

// Reads the file back, so that no copy of all stamps is kept for this.
absl::Status StampFiles::Compact() {
  const File& file = files_[current_->index];
  ASSIGN_OR_RETURN(const std::string bytes, ReadAll(file.fd.get(), file.path));
  StampLog log = ParseStampLog(bytes);
  if (log.kind != StampLog::Kind::kCurrent || log.valid_bytes != bytes.size()) {
    return absl::DataLossError(fmt::format("read {} back: it is damaged", file.path));
  }
  return Begin({.is_complete = true,
                .dropped = {},
                .raised = std::move(log.stamps),
                .alive = Recent(log.alive)});
}

}  // namespace ringwire::platform
