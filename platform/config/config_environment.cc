#include "platform/config/config_environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "core/base/ascii.h"
#include "core/config/number_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kOurs = "RINGWIRE_";
constexpr std::string_view kFileInFront = "FILE__";
constexpr std::string_view kWholeFile = "RINGWIRE_CONFIG";
constexpr std::string_view kPeer = "RINGWIRE_PEER_";

struct SectionPrefix {
  std::string_view prefix;
  ConfigSection section;
};
constexpr SectionPrefix kSections[] = {{"RINGWIRE_INTERFACE_", ConfigSection::kInterface},
                                       {"RINGWIRE_GATEWAY_", ConfigSection::kGateway},
                                       {"RINGWIRE_ENROL_", ConfigSection::kEnrol},
                                       {"RINGWIRE_CONNECT_", ConfigSection::kConnect}};

// Removes what says that the value is in a file; false: nothing does.
bool TakeFileMark(std::string_view* name) {
  if (name->starts_with(kFileInFront)) {
    name->remove_prefix(kFileInFront.size());
    return true;
  }
  for (const std::string_view mark : {"_SECRETFILE", "_FILE"}) {
    if (!name->ends_with(mark)) continue;
    name->remove_suffix(mark.size());
    return true;
  }
  return false;
}

auto PlaceOf(const ConfigVariable& variable) {
  return std::tie(variable.section, variable.peer, variable.key);
}

SecretText Copy(std::string_view text) {
  SecretText copy;
  copy.text = text;
  return copy;
}

// Zeroes the value where the process was started with it, which /proc/PID/environ shows.
void Remove(const std::string& name) {
  if (char* const value = std::getenv(name.c_str())) {
    crypto::Cleanse(value, std::string_view(value).size());
  }
  ::unsetenv(name.c_str());
}

}  // namespace

void ConfigEnvironment::Add(ConfigVariable variable) {
  if (variable.value.text.find_first_of("#\n\r") != std::string::npos) {
    errors_.push_back(
        fmt::format("{}: a value from the environment must have no line break and no '#', which "
                    "starts a comment",
                    variable.name));
    return;
  }
  settings_.push_back(std::move(variable));
}

void ConfigEnvironment::ReadEntry(std::string_view name, std::string_view value) {
  ConfigVariable variable;
  variable.name = name;
  variable.is_path = TakeFileMark(&name);
  if (!name.starts_with(kOurs) || value.empty()) return;
  variable.value = Copy(value);
  if (name == kWholeFile) {
    if (whole_file_.has_value()) {
      errors_.push_back(fmt::format("{} and {} are both set; unset one of them", variable.name,
                                    whole_file_->name));
    }
    whole_file_ = std::move(variable);
    return;
  }
  for (const auto& [prefix, section] : kSections) {
    if (!name.starts_with(prefix)) continue;
    variable.section = section;
    variable.key = name.substr(prefix.size());
    return Add(std::move(variable));
  }
  if (!name.starts_with(kPeer)) return;
  name.remove_prefix(kPeer.size());
  const size_t end = name.find('_');
  const std::string_view number = name.substr(0, end);
  const std::optional<uint64_t> peer = ParseNumber(number, UINT32_MAX);
  if (end == std::string_view::npos || peer.value_or(0) == 0) {
    errors_.push_back(fmt::format(
        "{}: expected RINGWIRE_PEER_N_KEY, as RINGWIRE_PEER_1_ENDPOINT for the first [Peer]",
        variable.name));
    return;
  }
  variable.peer = static_cast<uint32_t>(*peer);
  variable.section = ConfigSection::kPeer;
  variable.key = name.substr(end + 1);
  Add(std::move(variable));
}

// A key that two spellings set has no value that is surely meant.
void ConfigEnvironment::RefuseDoubles() {
  for (size_t i = 1; i < settings_.size(); ++i) {
    if (PlaceOf(settings_[i - 1]) != PlaceOf(settings_[i])) continue;
    errors_.push_back(fmt::format("{} and {} are both set; unset one of them",
                                  settings_[i - 1].name, settings_[i].name));
  }
}

ConfigEnvironment ConfigEnvironment::Read(std::span<const std::string_view> entries) {
  ConfigEnvironment environment;
  for (const std::string_view entry : entries) {
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals + 1);
    if (name == "RINGWIRE_IMAGE") environment.in_image_ = value == "1";
    if (name == "RINGWIRE_ALLOW_BAKED_KEY") environment.allows_baked_key_ = value == "1";
    environment.ReadEntry(name, value);
  }
  std::ranges::sort(environment.settings_, [](const auto& a, const auto& b) {
    return std::tie(a.section, a.peer, a.key, a.name) < std::tie(b.section, b.peer, b.key, b.name);
  });
  environment.RefuseDoubles();
  return environment;
}

std::vector<std::string> ConfigEnvironment::NamesOfPlainKeys() const {
  std::vector<std::string> names;
  if (whole_file_.has_value() && !whole_file_->is_path) names.push_back(whole_file_->name);
  for (const ConfigVariable& variable : settings_) {
    if (variable.is_key() && !variable.is_path) names.push_back(variable.name);
  }
  return names;
}

const ConfigEnvironment& ProcessEnvironment() {
  static const ConfigEnvironment environment = [] {
    std::vector<std::string_view> entries;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
      entries.emplace_back(*entry);
    }
    ConfigEnvironment read = ConfigEnvironment::Read(entries);
    for (const std::string& name : read.NamesOfPlainKeys()) Remove(name);
    return read;
  }();
  return environment;
}

std::optional<SecretText> DecodeWholeFile(std::string_view value) {
  SecretText text;
  if (value.find('[') !=
      std::string_view::npos) {  // no character of base64; every file has a section
    text.text = value;
    return text;
  }
  // No reallocation, which would leave a copy of a key behind.
  text.text.reserve(value.size());
  const std::string_view code = Trim(value);
  if (!absl::Base64Unescape({code.data(), code.size()}, &text.text)) return std::nullopt;
  if (text.text.find('[') == std::string::npos) return std::nullopt;
  return text;
}

}  // namespace ringwire::platform
