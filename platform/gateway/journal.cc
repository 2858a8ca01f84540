#include "platform/gateway/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint64_t kFormat = 1;

struct flock WholeFile(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// A lock of the process, not of the descriptor: a child that inherits the latter does not hold it.
bool TryLock(int file) {
  struct flock lock = WholeFile(F_WRLCK);
  return ::fcntl(file, F_SETLK, &lock) == 0;
}

// Whether `path` still names the open file, and not one that took its place before it was locked.
bool IsCurrent(int file, const std::string& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

std::optional<uint64_t> Number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

}  // namespace

std::string Journal::PathOf(const std::string& folder, std::string_view interface) {
  return fmt::format("{}/{}.journal", folder, interface);
}

std::optional<pid_t> Journal::Owner(const std::string& folder, std::string_view interface) {
  const UniqueFd file(::open(PathOf(folder, interface).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  struct flock lock = WholeFile(F_WRLCK);
  if (::fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

absl::StatusOr<Journal> Journal::Open(const std::string& folder, std::string_view interface) {
  const std::string path = PathOf(folder, interface);
  ::mkdir(folder.c_str(), 0755);
  while (true) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) {
      spdlog::info(
          "{}: keeps no journal at {}: {} (after a crash, what was changed on this host stays)",
          interface, path, std::string(absl::ErrnoToStatus(errno, "open").message()));
      return Journal(path, UniqueFd());
    }
    if (!TryLock(file.get())) {
      return absl::AlreadyExistsError(fmt::format(
          "start {}: it is up already (`ringwire down {}` ends it)", interface, interface));
    }
    if (!IsCurrent(file.get(), path)) continue;  // its owner has just ended
    Journal journal(path, std::move(file));
    const absl::Status loaded = journal.Load();
    if (!loaded.ok()) return loaded;
    return journal;
  }
}

absl::Status Journal::Load() {
  std::string text;
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t size =
        ::pread(file_.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size < 0) return absl::ErrnoToStatus(errno, "read " + path_);
    if (size == 0) break;
    text.append(chunk.data(), static_cast<size_t>(size));
  }
  // A line that was not finished is of a change that was not made.
  const size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  if (whole != text.size() && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0) {
    return absl::ErrnoToStatus(errno, "mend " + path_);
  }
  std::string_view rest = std::string_view(text).substr(0, whole);
  if (rest.empty()) return Append(json{{"ringwire_journal", kFormat}}.dump());
  bool first = true;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const bool good = first ? line == json{{"ringwire_journal", kFormat}}.dump() : TakeLine(line);
    if (!good) {
      return absl::InvalidArgumentError(
          fmt::format("read {}: not written by this version of ringwire (undo by hand what it "
                      "lists, then delete it)",
                      path_));
    }
    first = false;
  }
  return absl::OkStatus();
}

bool Journal::TakeLine(std::string_view line) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return false;
  if (const std::optional<uint64_t> index = Number(object, "interface_index")) {
    interface_index_ = static_cast<uint32_t>(*index);
    return true;
  }
  if (const std::optional<uint64_t> done = Number(object, "done")) {
    std::erase_if(entries_, [done](const Entry& entry) { return entry.id == *done; });
    return true;
  }
  const std::optional<uint64_t> id = Number(object, "id");
  const auto undo = object.find("undo");
  const auto stays = object.find("stays");
  if (!id || undo == object.end() || stays == object.end() || !stays->is_boolean()) return false;
  std::optional<Action> action = UndoFromJson(undo->dump());
  if (!action.has_value()) return false;
  entries_.push_back({*id, *std::move(action), stays->get<bool>()});
  next_id_ = std::max(next_id_, *id + 1);
  return true;
}

// One write a line, so that a crash leaves whole lines.
absl::Status Journal::Append(std::string line) {
  if (!file_.valid()) return absl::OkStatus();
  line.push_back('\n');
  if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return absl::ErrnoToStatus(errno, "write " + path_);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Journal::Record(const Action& undo, bool stays_after_crash) {
  const uint64_t id = next_id_;
  const absl::Status status = Append(
      fmt::format(R"({{"id":{},"stays":{},"undo":{}}})", id, stays_after_crash, ToJson(undo)));
  if (!status.ok()) return status;
  ++next_id_;
  entries_.push_back({id, undo, stays_after_crash});
  return id;
}

absl::Status Journal::RecordInterface(uint32_t index) {
  interface_index_ = index;
  return Append(json{{"interface_index", index}}.dump());
}

absl::Status Journal::Forget(uint64_t id) {
  std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; });
  return Append(json{{"done", id}}.dump());
}

// The name goes first: whoever opens it from now on makes a new file, and whoever has opened it
// already finds that out once the lock is gone.
void Journal::RemoveIfEmpty() {
  if (!entries_.empty() || !file_.valid()) return;
  ::unlink(path_.c_str());
  file_.Reset();
}

}  // namespace ringwire::platform
