#include "platform/gateway/host/sysctl_holders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/format_version.h"
#include "platform/base/json_fields.h"
#include "platform/base/read_file.h"
#include "platform/base/replace_file.h"
#include "platform/base/state_lock.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/sysctl_setting.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint64_t kHoldersFormat = 1;
constexpr char kHoldersKey[] = "ringwire_sysctls";

struct Held {
  uint64_t network = 0;  // sysctls below net are those of a network namespace
  std::string path;
  std::string before;
  std::vector<std::string> by;
};

uint64_t ThisNetwork() {
  struct stat network{};
  return ::stat("/proc/thread-self/ns/net", &network) == 0 ? network.st_ino : 0;
}

std::string FileIn(const std::string& folder) { return folder + "/sysctls"; }

// Its holder is alone with the file. Taking a sysctl hears the end signals; giving it back does
// not, as it is what a service does when it has heard one.
absl::StatusOr<StateLock> Lock(const std::string& folder, EndSignals signals) {
  return StateLock::Take(folder, "sysctls", signals);
}

std::optional<Held> ReadHeld(const json& object) {
  const auto network = NumberIn<uint64_t>(object, "network");
  const std::optional<std::string> path = TextIn(object, "path");
  const std::optional<std::string> before = TextIn(object, "before");
  const json* const by = ListIn(object, "by");
  if (!network || !path || !before || by == nullptr ||
      !std::ranges::all_of(*by, [](const json& name) { return name.is_string(); })) {
    return std::nullopt;
  }
  return Held{*network, *path, *before, by->get<std::vector<std::string>>()};
}

// nullopt: it is no such document.
std::optional<std::vector<Held>> ReadAllHeld(const json& document) {
  const json* const list = ListIn(document, "held");
  if (list == nullptr || !NumberIn<uint64_t>(document, kHoldersKey)) return std::nullopt;
  std::vector<Held> all;
  for (const json& object : *list) {
    std::optional<Held> held = ReadHeld(object);
    if (!held.has_value()) return std::nullopt;
    all.push_back(*std::move(held));
  }
  return all;
}

absl::StatusOr<std::vector<Held>> Load(const std::string& folder) {
  const absl::StatusOr<std::string> text = ReadFile(FileIn(folder));
  if (!text.ok() && !absl::IsResourceExhausted(text.status())) return std::vector<Held>();
  const json document = json::parse(text.value_or(""), nullptr, /*allow_exceptions=*/false);
  const absl::Status format =
      CheckFormat(FileIn(folder), NumberIn<uint64_t>(document, kHoldersKey).value_or(0),
                  kHoldersFormat, "end the tunnels of that version with it (`ringwire down`)");
  if (!format.ok()) return format;
  std::optional<std::vector<Held>> read = ReadAllHeld(document);
  if (!read.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("cannot read {}: ringwire did not write it; delete it when no tunnel is up",
                    FileIn(folder)));
  }
  std::vector<Held> all = *std::move(read);
  // An interface has its journal for as long as there is something to undo.
  for (Held& held : all) {
    std::erase_if(held.by, [&folder](const std::string& name) {
      return ::access(Journal::PathOf(folder, name).c_str(), F_OK) != 0;
    });
  }
  std::erase_if(all, [](const Held& held) { return held.by.empty(); });
  return all;
}

absl::Status Save(const std::string& folder, const std::vector<Held>& all) {
  const std::string path = FileIn(folder);
  if (all.empty()) {
    ::unlink(path.c_str());
    return absl::OkStatus();
  }
  json list = json::array();
  for (const Held& held : all) {
    list.push_back(
        {{"network", held.network}, {"path", held.path}, {"before", held.before}, {"by", held.by}});
  }
  const std::string text =
      json{{kHoldersKey, kHoldersFormat}, {"held", std::move(list)}}.dump() + "\n";
  return ReplaceFile(path, text);
}

std::vector<Held>::iterator Find(std::vector<Held>* all, const std::string& path) {
  return std::ranges::find_if(*all, [&path, network = ThisNetwork()](const Held& held) {
    return held.network == network && held.path == path;
  });
}

absl::Status ReadOnlyError(const std::string& options) {
  return absl::PermissionDeniedError(fmt::format(
      "cannot change the kernel's network settings: /proc/sys is read-only; start the container "
      "with{}",
      options));
}

// Where a setting of the interface that ringwire is about to make comes from: the default's.
std::string PathBefore(std::string path, std::string_view own_interface) {
  const std::string own = fmt::format("/conf/{}/", own_interface);
  if (const size_t at = path.find(own); at != std::string::npos) {
    path.replace(at, own.size(), "/conf/default/");
  }
  return path;
}

// On a file system that is mounted read-only, whatever else is wrong with the file.
bool IsReadOnly(const std::string& file) {
  struct statvfs status{};
  return ::statvfs(file.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

absl::Status Write(const std::string& path, const std::string& value) {
  const std::string tried = fmt::format("set {} to {}", path, value);
  const UniqueFd file(::open(SysctlFile(path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() && errno == EROFS)
    return ReadOnlyError(fmt::format(" --sysctl {}={}", SysctlDotted(path), value));
  if (!file.valid()) return absl::ErrnoToStatus(errno, tried);
  if (::write(file.get(), value.data(), value.size()) < 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSysctlsWritable(std::span<const std::pair<std::string, std::string>> wanted,
                                  std::string_view own_interface) {
  std::string options;
  for (const auto& [path, value] : wanted) {
    const std::string before = PathBefore(path, own_interface);
    ASSIGN_OR_RETURN(const std::optional<std::string> now, FindSysctl(before));
    if (!now.has_value() || now == value || !IsReadOnly(SysctlFile(before))) continue;
    options += fmt::format(" --sysctl {}={}", SysctlDotted(before), value);
  }
  return options.empty() ? absl::OkStatus() : ReadOnlyError(options);
}

absl::StatusOr<std::optional<std::string>> FindSysctl(const std::string& path) {
  absl::StatusOr<std::string> value = ReadFile(SysctlFile(path));
  if (absl::IsResourceExhausted(value.status())) return value.status();
  if (!value.ok()) return std::nullopt;
  while (value->ends_with('\n')) value->pop_back();
  return *std::move(value);
}

std::optional<std::string> ReadSysctl(const std::string& path) {
  absl::StatusOr<std::optional<std::string>> value = FindSysctl(path);
  return value.ok() ? *std::move(value) : std::nullopt;
}

absl::StatusOr<bool> SysctlHolders::Hold(const std::string& path, const std::string& value) {
  ASSIGN_OR_RETURN(const StateLock lock, Lock(folder_, EndSignals::kHeard));
  ASSIGN_OR_RETURN(const std::optional<std::string> now, FindSysctl(path));
  if (!now.has_value()) return false;
  if (lock.holds()) {
    ASSIGN_OR_RETURN(std::vector<Held> all, Load(folder_));
    auto held = Find(&all, path);
    if (held == all.end()) held = all.insert(held, {ThisNetwork(), path, *now, {}});
    if (std::ranges::find(held->by, holder_) == held->by.end()) held->by.push_back(holder_);
    RETURN_IF_ERROR(Save(folder_, all));
  }
  if (now == value) return true;
  RETURN_IF_ERROR(Write(path, value));
  return true;
}

absl::Status SysctlHolders::Release(const std::string& path, const std::string& value,
                                    const std::optional<std::string>& only_if) {
  ASSIGN_OR_RETURN(const StateLock lock, Lock(folder_, EndSignals::kIgnored));
  ASSIGN_OR_RETURN(const std::optional<std::string> now, FindSysctl(path));
  absl::Status saved;
  if (lock.holds()) {
    ASSIGN_OR_RETURN(std::vector<Held> all, Load(folder_));
    const auto held = Find(&all, path);
    if (held != all.end()) {
      std::erase(held->by, holder_);
      if (!held->by.empty()) {
        spdlog::info("{}: {} stays as it is for {}", holder_, path, held->by.front());
        return Save(folder_, all);
      }
      all.erase(held);
    }
    saved = Save(folder_, all);
  }
  const bool ours = now.has_value() && now != value && (!only_if.has_value() || now == only_if);
  absl::Status status = ours ? Write(path, value) : absl::OkStatus();
  status.Update(saved);
  return status;
}

absl::StatusOr<std::map<std::string, std::string, std::less<>>> SysctlHolders::Before(
    const std::string& folder) {
  std::map<std::string, std::string, std::less<>> before;
  ASSIGN_OR_RETURN(const StateLock lock, Lock(folder, EndSignals::kHeard));
  ASSIGN_OR_RETURN(std::vector<Held> all, Load(folder));
  for (Held& held : all) {
    if (held.network == ThisNetwork()) before[held.path] = std::move(held.before);
  }
  return before;
}

}  // namespace ringwire::platform
