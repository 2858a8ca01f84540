#include "platform/app/cut_off.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <variant>

#include "fmt/format.h"
#include "platform/base/paths.h"

namespace ringwire::platform {

bool BlocksTraffic(const Journal& journal) {
  return std::ranges::any_of(journal.entries(), [](const Journal::Entry& entry) {
    return entry.stays_after_crash && !std::holds_alternative<action::DeleteNamespace>(entry.undo);
  });
}

std::string CutOffBy(const std::string& interface) {
  const std::string path = Journal::PathOf(kStatusDirectory, interface);
  if (::access(path.c_str(), F_OK) != 0) return {};
  const bool is_readable = ::access(path.c_str(), R_OK) == 0;
  if (is_readable) {
    if (Journal::Owner(kStatusDirectory, interface).has_value()) return {};
    const absl::StatusOr<Journal> journal = Journal::Copy(kStatusDirectory, interface);
    if (!journal.ok() || !BlocksTraffic(*journal)) return {};
    const std::string& inside = journal->network_namespace();
    const std::string where = inside.empty() ? "" : " in the network namespace " + inside;
    return fmt::format(
        "its service is dead and still blocks traffic outside the tunnel{}: `ringwire up {}` "
        "starts the tunnel again, `ringwire down {}` lets traffic through",
        where, interface, interface);
  }
  return fmt::format(
      "its service is dead and may still block traffic outside the tunnel: as root, `ringwire up "
      "{}` starts the tunnel again, `ringwire down {}` lets traffic through",
      interface, interface);
}

std::vector<std::string> AllCutOff() {
  std::vector<std::string> texts;
  std::error_code error;
  std::filesystem::directory_iterator entry(kStatusDirectory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".journal") continue;
    // A user who cannot read them all does not know which services run.
    if (::access(entry->path().c_str(), R_OK) != 0) continue;
    const std::string interface = entry->path().stem().string();
    const std::string text = CutOffBy(interface);
    if (!text.empty()) texts.push_back(fmt::format("{}: {}", interface, text));
  }
  std::ranges::sort(texts);
  return texts;
}

}  // namespace ringwire::platform
