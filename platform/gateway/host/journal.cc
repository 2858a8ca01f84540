#include "platform/gateway/host/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/format_version.h"
#include "platform/base/json_fields.h"
#include "platform/base/make_folder.h"
#include "platform/gateway/host/forward_json.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint64_t kJournalFormat = 1;
constexpr char kFormatKey[] = "ringwire_journal";
constexpr char kNamespaceKey[] = "namespace";
constexpr char kNamespaceIdKey[] = "namespace_id";
constexpr char kNetworkKey[] = "network";
constexpr char kKillSwitchKey[] = "kill_switch";
constexpr char kPortKey[] = "udp_port";
constexpr char kServerKey[] = "server";

struct flock WholeFile(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// A lock of the process, not of the descriptor: a child that inherits the descriptor does not hold
// it.
bool TryLock(int file) {
  struct flock lock = WholeFile(F_WRLCK);
  return ::fcntl(file, F_SETLK, &lock) == 0;
}

// Whether `path` still names the open file, not one that replaced it before the lock.
bool IsCurrent(int file, const std::string& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

absl::StatusOr<std::string> ReadAll(int file, const std::string& path) {
  std::string text;
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t size = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size < 0) return absl::ErrnoToStatus(errno, "read " + path);
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(size));
  }
}

// An unfinished line belongs to a change that was not made.
size_t SizeOfWholeLines(std::string_view text) {
  const size_t end = text.rfind('\n');
  return end == std::string_view::npos ? 0 : end + 1;
}

absl::Status IsUpAlready(std::string_view interface) {
  return absl::AlreadyExistsError(
      fmt::format("start {}: it is up already (`ringwire down {}` ends it)", interface, interface));
}

std::string FirstLine() { return json{{kFormatKey, kJournalFormat}}.dump(); }

// `text`: of the file at `path`, whose name is that of the interface.
absl::Status CheckFormatOf(std::string_view text, const std::string& path) {
  const json head = json::parse(text.substr(0, text.find('\n')), nullptr, false);
  return CheckFormat(path, NumberIn<uint64_t>(head, kFormatKey).value_or(0), kJournalFormat,
                     fmt::format("run `ringwire down {}` with that version",
                                 std::filesystem::path(path).stem().string()));
}

std::optional<Journal::Namespace> NamespaceIn(const json& object) {
  const std::optional<std::string> name = TextIn(object, kNamespaceKey);
  const auto id = NumberIn<uint64_t>(object, kNamespaceIdKey);
  if (!name || !id) return std::nullopt;
  return Journal::Namespace{*name, *id};
}

constexpr char kReserved[] = "reserved";
constexpr std::string_view kSuffix = ".journal";

json ToJsonLine(const Reservation& reservation, uint64_t network) {
  json object = {{"mark", reservation.mark}, {kNetworkKey, network}};
  if (reservation.place.has_value()) {
    object["ceiling"] = reservation.place->ceiling;
    object["slot"] = reservation.place->slot;
  }
  if (!reservation.port_forwards.empty()) {
    object["forwards"] = ForwardsToJson(reservation.port_forwards);
  }
  if (reservation.kill_switch) object[kKillSwitchKey] = true;
  if (reservation.udp_port != 0) object[kPortKey] = reservation.udp_port;
  if (reservation.is_server) object[kServerKey] = true;
  return {{kReserved, object}};
}

struct ReservationLine {
  Reservation reservation;
  uint64_t network = 0;
};

// nullopt: some other line.
std::optional<ReservationLine> ReadReservation(const json& line) {
  const json* const found = MemberIn(line, kReserved);
  if (found == nullptr) return std::nullopt;
  const auto mark = NumberIn<uint32_t>(*found, "mark");
  const auto network = NumberIn<uint64_t>(*found, kNetworkKey);
  if (!mark || !network) return std::nullopt;
  ReservationLine read{{*mark}, *network};
  const auto ceiling = NumberIn<uint32_t>(*found, "ceiling");
  const auto slot = NumberIn<uint32_t>(*found, "slot");
  if (ceiling && *ceiling > kRuleTurns && slot) read.reservation.place = RulePlace{*ceiling, *slot};
  if (const json* const forwards = MemberIn(*found, "forwards")) {
    read.reservation.port_forwards =
        ForwardsFromJson(*forwards).value_or(std::vector<PortForward>());
  }
  read.reservation.kill_switch = FlagIn(*found, kKillSwitchKey).value_or(false);
  read.reservation.udp_port = NumberIn<uint16_t>(*found, kPortKey).value_or(0);
  read.reservation.is_server = FlagIn(*found, kServerKey).value_or(false);
  return read;
}

}  // namespace

uint64_t CurrentNetworkId() {
  struct stat status{};
  return ::stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : 0;
}

std::vector<Reservation> Journal::ReservationsOfOthers(const std::string& folder,
                                                       std::string_view interface,
                                                       uint64_t network) {
  std::vector<Reservation> reservations;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kSuffix) || name == fmt::format("{}{}", interface, kSuffix)) continue;
    std::ifstream file(entry->path());
    std::optional<ReservationLine> last;
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with(fmt::format("{{\"{}\"", kReserved))) continue;
      const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (object.is_object()) last = ReadReservation(object);
    }
    if (!last.has_value() || last->network != network) continue;
    last->reservation.interface = name.substr(0, name.size() - kSuffix.size());
    reservations.push_back(std::move(last->reservation));
  }
  return reservations;
}

std::string Journal::PathOf(const std::string& folder, std::string_view interface) {
  return fmt::format("{}/{}{}", folder, interface, kSuffix);
}

std::optional<pid_t> Journal::Owner(const std::string& folder, std::string_view interface) {
  const UniqueFd file(::open(PathOf(folder, interface).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  struct flock lock = WholeFile(F_WRLCK);
  if (::fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

absl::StatusOr<Journal::Namespace> Journal::NamespaceOf(const std::string& folder,
                                                        std::string_view interface) {
  const std::string path = PathOf(folder, interface);
  const std::string tried = "read " + path;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return absl::ErrnoToStatus(errno, tried);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return absl::ErrnoToStatus(errno, tried);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::PermissionDeniedError(
        fmt::format("{}: others can write it, so that it cannot be trusted", tried));
  }
  ASSIGN_OR_RETURN(std::string text, ReadAll(file.get(), path));
  Namespace found;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find(kNamespaceIdKey) == std::string_view::npos) continue;  // of many lines, this one
    found = NamespaceIn(json::parse(line, nullptr, /*allow_exceptions=*/false)).value_or(found);
  }
  return found;
}

absl::StatusOr<Journal> Journal::Copy(const std::string& folder, std::string_view interface) {
  Journal journal(PathOf(folder, interface), UniqueFd());
  const UniqueFd file(
      ::open(journal.path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return journal;
  ASSIGN_OR_RETURN(const std::string text, journal.TakeFile(file.get()));
  return journal;
}

absl::StatusOr<Journal> Journal::Open(const std::string& folder, std::string_view interface) {
  const std::string path = PathOf(folder, interface);
  // For everybody to enter, as clients of the status socket do; what is in it has modes of its own.
  // Where there is no folder, the file's error says so.
  MakeFolder(folder, 0755).IgnoreError();
  while (true) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) {
      spdlog::info(
          "{}: keeps no journal at {}: {} (after a crash, what was changed on this host stays)",
          interface, path, std::string(absl::ErrnoToStatus(errno, "open").message()));
      if (Owner(folder, interface).has_value()) return IsUpAlready(interface);
      return Copy(folder, interface);
    }
    if (!TryLock(file.get())) return IsUpAlready(interface);
    if (!IsCurrent(file.get(), path)) continue;  // its owner has just ended
    Journal journal(path, std::move(file));
    RETURN_IF_ERROR(journal.Load());
    return journal;
  }
}

absl::StatusOr<std::string> Journal::TakeFile(int file) {
  absl::StatusOr<std::string> text = ReadAll(file, path_);
  if (!text.ok()) return text;
  const std::string_view view = *text;
  const size_t whole = SizeOfWholeLines(view);
  RETURN_IF_ERROR(CheckFormatOf(view, path_));
  if (TakeText(view.substr(0, whole), view.substr(whole))) return text;
  return absl::InvalidArgumentError(fmt::format(
      "cannot read {}: it is not a journal of ringwire; undo by hand what it lists, then delete it",
      path_));
}

absl::Status Journal::Load() {
  ASSIGN_OR_RETURN(const std::string text, TakeFile(file_.get()));
  const size_t whole = SizeOfWholeLines(text);
  if (whole != text.size() && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0) {
    return absl::ErrnoToStatus(errno, "mend " + path_);
  }
  return whole == 0 ? Append(FirstLine()) : absl::OkStatus();
}

// A file of another program must not change, so check this before any repair.
bool Journal::TakeText(std::string_view whole_lines, std::string_view torn_line) {
  if (whole_lines.empty()) return FirstLine().starts_with(torn_line);
  bool is_first = true;
  for (std::string_view rest = whole_lines; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (is_first ? line != FirstLine() : !TakeLine(line)) return false;
    is_first = false;
  }
  return true;
}

bool Journal::TakeLine(std::string_view line) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (const auto index = NumberIn<uint32_t>(object, "interface_index")) {
    interface_index_ = *index;
    return true;
  }
  if (const std::optional<ReservationLine> read = ReadReservation(object)) {
    reservation_ = read->reservation;
    return true;
  }
  if (const std::optional<Namespace> found = NamespaceIn(object)) {
    network_namespace_ = found->name;
    network_namespace_id_ = found->id;
    return true;
  }
  if (const auto network = NumberIn<uint64_t>(object, kNetworkKey)) {
    network_ = *network;
    return true;
  }
  if (const auto done = NumberIn<uint64_t>(object, "done")) {
    Drop(*done);
    return true;
  }
  const auto id = NumberIn<uint64_t>(object, "id");
  const json* const undo = MemberIn(object, "undo");
  const std::optional<bool> stays = FlagIn(object, "stays");
  if (!id || undo == nullptr || !stays) return false;
  std::optional<Action> action = UndoFromJson(undo->dump());
  if (!action.has_value()) return false;
  Take({*id, *std::move(action), *stays});
  next_id_ = std::max(next_id_, *id + 1);
  return true;
}

void Journal::Take(Entry entry) {
  undos_.emplace(ToJson(entry.undo), entry.id);
  entries_.insert_or_assign(entry.id, std::move(entry));
}

void Journal::Drop(uint64_t id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  undos_.erase({ToJson(entry->second.undo), id});
  entries_.erase(entry);
}

const Journal::Entry* Journal::Find(const Action& undo) const {
  const std::string text = ToJson(undo);
  const auto found = undos_.lower_bound({text, 0});
  return found == undos_.end() || found->first != text ? nullptr : &entries_.at(found->second);
}

// One write per line, so that a crash leaves whole lines. Without room for a line, none of it
// stays.
absl::Status Journal::Append(std::string line) {
  if (!file_.valid()) return absl::OkStatus();
  line.push_back('\n');
  const off_t end = ::lseek(file_.get(), 0, SEEK_END);
  const ssize_t size = ::write(file_.get(), line.data(), line.size());
  if (size == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  const int error = size < 0 ? errno : ENOSPC;
  if (size > 0 && ::ftruncate(file_.get(), end) != 0)
    return absl::ErrnoToStatus(errno, "mend " + path_);
  return absl::ErrnoToStatus(error, "write " + path_);
}

absl::StatusOr<uint64_t> Journal::Record(const Action& undo, bool stays_after_crash) {
  const uint64_t id = next_id_;
  RETURN_IF_ERROR(Append(
      fmt::format(R"({{"id":{},"stays":{},"undo":{}}})", id, stays_after_crash, ToJson(undo))));
  ++next_id_;
  Take({id, undo, stays_after_crash});
  return id;
}

absl::Status Journal::RecordInterface(uint32_t index) {
  interface_index_ = index;
  return Append(json{{"interface_index", index}}.dump());
}

absl::Status Journal::RecordNetwork(uint64_t id) {
  if (id == network_) return absl::OkStatus();
  network_ = id;
  return Append(json{{kNetworkKey, id}}.dump());
}

absl::Status Journal::RecordNamespace(const std::string& name, uint64_t id) {
  network_namespace_ = name;
  network_namespace_id_ = id;
  return Append(json{{kNamespaceKey, name}, {kNamespaceIdKey, id}}.dump());
}

absl::Status Journal::RecordReservation(const Reservation& reservation, uint64_t network) {
  reservation_ = reservation;
  return Append(ToJsonLine(reservation, network).dump());
}

absl::Status Journal::Forget(uint64_t id) {
  Drop(id);
  return Append(json{{"done", id}}.dump());
}

// Remove the name first: a process that opens it later makes a new file, and one that has it open
// notices after it gets the lock.
void Journal::RemoveIfEmpty() {
  if (!entries_.empty() || !file_.valid()) return;
  ::unlink(path_.c_str());
  file_.Reset();
}

}  // namespace ringwire::platform
