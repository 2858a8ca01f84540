#include "platform/config/save_file.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "core/config/config_save.h"
#include "fmt/format.h"
#include "platform/config/config_source.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

// A key whose file cannot be read cannot be compared; it counts as unchanged, and that is said.
void TakeKeysFromDevice(const ConfigFile& device, ConfigFile* file) {
  if (!file->private_key_file.empty() && !file->private_key.has_value()) {
    file->private_key = device.private_key;
  }
  for (PeerConfig& peer : file->peers) {
    if (peer.preshared_key_file.empty() || peer.preshared_key.has_value()) continue;
    for (const PeerConfig& on_device : device.peers) {
      if (on_device.public_key == peer.public_key) peer.preshared_key = on_device.preshared_key;
    }
  }
}

// A peer that only the file has is not loaded.
NamedValues NamedOfDevice(const ConfigFile& file, const ConfigFile& device) {
  absl::flat_hash_set<crypto::PublicKey> on_device;
  for (const PeerConfig& peer : device.peers) on_device.insert(peer.public_key);
  NamedValues named = NamedIn(file);
  absl::erase_if(named.peers, [&](const auto& peer) { return !on_device.contains(peer.first); });
  return named;
}

}  // namespace

absl::StatusOr<SaveResult> SaveToFile(const std::string& path, const NamedValues& loaded,
                                      const ConfigFile& device, uint32_t chosen_fwmark,
                                      std::span<const InterfaceAddress> gone) {
  const std::string tried = "save to " + path;
  // The device has what the environment says, which must not become part of the file.
  if (ProcessEnvironment().changes_config()) {
    return absl::FailedPreconditionError(fmt::format(
        "cannot {}: the environment sets a part of the configuration (RINGWIRE_...); change the "
        "variables instead",
        tried));
  }
  const std::unique_ptr<char, Free> target(::realpath(path.c_str(), nullptr));
  if (target == nullptr) return absl::ErrnoToStatus(errno, tried);
  SecretText old;
  ConfigSource source = LoadConfig(path, KeyFiles::kIgnore, &old);
  if (!source.errors.empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: the file has errors by now and is left as it is: {}", tried, SummaryOf(source)));
  }
  ReadKeyFiles(&source);
  std::vector<std::string> warnings = std::move(source.errors);
  TakeKeysFromDevice(device, &source.config);
  SavedConfig saved = SaveConfig({old.text, source.config, loaded, device, chosen_fwmark, gone});
  SecretText text;
  text.text = std::move(saved.text);
  for (std::string& warning : saved.warnings) warnings.push_back(std::move(warning));
  if (text.text == old.text) {
    return SaveResult{std::move(warnings), NamedOfDevice(source.config, device)};
  }
  const ConfigParse result = ParseConfigText(text.text);
  if (!result.ok()) {
    return absl::InternalError(
        fmt::format("{}: the result would have errors, so the file is left as it is: {}", tried,
                    result.errors.front().message));
  }
  const absl::Status written = ReplaceSecretFile(target.get(), text.text);
  if (!written.ok()) {
    return absl::Status(written.code(), fmt::format("{}: {}", tried, MessageOf(written)));
  }
  return SaveResult{std::move(warnings), NamedOfDevice(result.config, device)};
}

}  // namespace ringwire::platform
