#include "platform/config/config_source.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/ascii.h"
#include "core/config/config_line.h"
#include "core/config/text_encoding.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/base/paths.h"
#include "platform/config/hook_writers.h"
#include "platform/config/image_rules.h"
#include "platform/config/overridden_text.h"
#include "platform/netlink/table_names.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kSuffix = ".conf";
constexpr const char* kHowToName =
    " (what contains a / or ends in .conf is a path; NAME alone means /etc/ringwire/NAME.conf, "
    "then "
    "/etc/wireguard/NAME.conf)";

std::optional<uint16_t> UdpPortOf(const std::string& service) {
  servent found{};
  servent* result = nullptr;
  std::array<char, 4096> buffer;
  const int error =
      ::getservbyname_r(service.c_str(), "udp", &found, buffer.data(), buffer.size(), &result);
  if (error != 0 || result == nullptr) return std::nullopt;
  return ntohs(static_cast<uint16_t>(result->s_port));
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool IsPath(const std::string& argument) {
  return argument.find('/') != std::string::npos || argument.ends_with(kSuffix);
}

std::optional<std::string> FindConfig(const std::string& argument) {
  if (IsPath(argument)) return argument;
  for (const char* const directory : {"/etc/ringwire/", "/etc/wireguard/"}) {
    std::string path = directory + argument + std::string(kSuffix);
    if (Exists(path)) return path;
  }
  return std::nullopt;
}

std::string NameOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

// The name of an interface that a file without the suffix was perhaps meant for: of x.txt and of
// x.conf.bak it is x.
std::string InterfaceLike(const std::string& name) {
  const std::string stem = name.substr(0, name.find('.'));
  return CheckInterfaceName(stem).ok() ? stem : "wg0";
}

void WarnIfReadable(bool by_everyone, const std::string& path, ConfigSource* source) {
  if (!by_everyone) return;
  source->warnings.push_back(
      fmt::format("{} holds keys and is readable by everyone (chmod 600 {})", path, path));
}

// Where a position is, for people.
using Locate = std::function<std::string(FilePosition)>;

// Reads a key from a file of its own: base64, and perhaps a newline.
std::optional<crypto::Secret<32>> ReadKey(const std::string& named, FilePosition position,
                                          const Locate& locate, ConfigSource* source) {
  const auto fail = [&](const std::string& message) {
    source->errors.push_back(fmt::format("{}: {}", locate(position), message));
    return std::nullopt;
  };
  const std::string path = PathBeside(source->path, named);
  absl::StatusOr<SecretText> file = ReadSecretFile(path);
  if (!file.ok()) return fail(MessageOf(file.status()));
  std::string_view text = file->text;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  crypto::Secret<32> key;
  if (!ParseKeyBase64(text, key.bytes())) {
    const std::string fault = EncodingFaultOf(text);
    return fail(fmt::format("{} holds no key: {}", path,
                            fault.empty()
                                ? "expected 44 characters of base64, as `ringwire genkey` "
                                  "prints"
                                : fault));
  }
  WarnIfReadable(file->world_readable, path, source);
  return key;
}

void ReadKeyFiles(const Locate& locate, ConfigSource* source) {
  ConfigFile& config = source->config;
  if (!config.private_key_file.empty()) {
    config.private_key =
        ReadKey(config.private_key_file, config.private_key_file_position, locate, source);
  }
  for (PeerConfig& peer : config.peers) {
    if (peer.preshared_key_file.empty()) continue;
    peer.preshared_key =
        ReadKey(peer.preshared_key_file, peer.preshared_key_file_position, locate, source);
  }
}

// The environment's settings, with the contents of the files that hold values. Files of keys are
// left to the configuration, which has keys for them.
std::vector<ConfigVariable> ReadValueFiles(const ConfigEnvironment& environment,
                                           ConfigSource* source) {
  std::vector<ConfigVariable> settings;
  for (const ConfigVariable& variable : environment.settings()) {
    ConfigVariable& setting = settings.emplace_back(ConfigVariable{
        variable.name, variable.section, variable.peer, variable.key, {}, variable.is_path});
    if (!variable.is_path || variable.is_key()) {
      AppendSecret({variable.value.text}, &setting.value.text);
      continue;
    }
    setting.is_path = false;
    absl::StatusOr<SecretText> file = ReadSecretFile(variable.value.text);
    const std::string_view value = file.ok() ? Trim(file->text) : "";
    if (value.empty() || value.find_first_of("#\n\r") != std::string_view::npos) {
      source->errors.push_back(fmt::format(
          "{}: {}", variable.name,
          file.ok() ? fmt::format("{} must hold one line without '#'", variable.value.text)
                    : MessageOf(file.status())));
      settings.pop_back();
      continue;
    }
    AppendSecret({value}, &setting.value.text);
  }
  return settings;
}

// The configuration as a whole file, and what to call that in messages; nullopt: see `source`.
struct WholeText {
  SecretText text;
  std::string name;
  bool is_file = true;
};

std::optional<WholeText> ReadVariable(const ConfigVariable& variable, ConfigSource* source) {
  const auto fail = [&](std::string_view why) {
    source->errors.push_back(fmt::format("{}: {}", variable.name, why));
    return std::nullopt;
  };
  absl::StatusOr<SecretText> file;
  if (variable.is_path) {
    file = ReadSecretFile(variable.value.text);
    if (!file.ok()) return fail(MessageOf(file.status()));
  }
  std::optional<SecretText> text =
      DecodeWholeFile(variable.is_path ? file->text : variable.value.text);
  if (!text.has_value()) {
    return fail("it is neither a configuration nor one in base64 (`base64 -w0 wg0.conf` makes it)");
  }
  return WholeText{*std::move(text), variable.name, false};
}

std::optional<WholeText> ReadWhole(const std::string& argument,
                                   const ConfigEnvironment& environment, ConfigSource* source) {
  if (environment.whole_file().has_value()) {
    return ReadVariable(*environment.whole_file(), source);
  }
  absl::StatusOr<SecretText> file = ReadSecretFile(source->path);
  if (file.ok()) return WholeText{*std::move(file), source->path, true};
  const bool as_typed = source->path == argument && absl::IsNotFound(file.status());
  source->errors.push_back(MessageOf(file.status()) + (as_typed ? kHowToName : ""));
  return std::nullopt;
}

// Sets path and interface name; false: see `source`.
bool NameInterface(const std::string& argument, const ConfigEnvironment& environment,
                   ConfigSource* source) {
  std::optional<std::string> path = FindConfig(argument);
  // The name is all that is needed of it.
  if (!path.has_value() && environment.whole_file().has_value()) {
    path = "/etc/ringwire/" + argument + std::string(kSuffix);
  }
  source->path = path.value_or(argument);
  if (!path.has_value()) {
    source->errors.push_back(
        fmt::format("cannot find the configuration `{}`: neither /etc/ringwire/{}.conf nor "
                    "/etc/wireguard/{}.conf exists (a path contains a / or ends in .conf)",
                    argument, argument, argument));
    return false;
  }
  if (!path->ends_with(kSuffix)) {
    source->errors.push_back(
        fmt::format("cannot use {} as a configuration: the file's name must be that of the "
                    "interface with .conf behind it; rename or copy it to {}.conf",
                    *path, InterfaceLike(NameOf(*path))));
    return false;
  }
  source->interface_name = NameOf(*path);
  const absl::Status name = CheckInterfaceName(source->interface_name);
  if (!name.ok()) {
    source->errors.push_back(fmt::format("{}: the file's name names the interface, and {}",
                                         source->path, MessageOf(name)));
  }
  return true;
}

// What needs more than the image has, and key files in its layers (`is_baked`).
void CheckForImage(bool allows_baked_key, const std::function<bool(const std::string&)>& is_baked,
                   ConfigSource* source) {
  for (const std::string& need : NeedsBeyondImage(source->config)) {
    source->errors.push_back(fmt::format("{}: {}", source->path, need));
  }
  if (allows_baked_key) return;
  std::vector<std::string> files{source->config.private_key_file};
  for (const PeerConfig& peer : source->config.peers) files.push_back(peer.preshared_key_file);
  for (const std::string& file : files) {
    const std::string path = PathBeside(source->path, file);
    if (file.empty() || !is_baked(path)) continue;
    source->errors.push_back(
        fmt::format("{}: this file with a key is part of the image; {}", path, kBakedKeyAdvice));
  }
}

void RefuseBakedKeys(std::string_view text, ConfigSource* source) {
  for (const ConfigError& error : BakedKeys(text)) {
    source->errors.push_back(error.ToString(source->path));
  }
}

}  // namespace

std::string PathBeside(const std::string& config_path, const std::string& path) {
  const size_t slash = config_path.rfind('/');
  if (path.starts_with('/') || slash == std::string::npos) return path;
  return config_path.substr(0, slash + 1) + path;
}

void ReadKeyFiles(ConfigSource* source) {
  ReadKeyFiles(
      [source](FilePosition position) {
        return fmt::format("{}:{}:{}", source->path, position.line, position.column);
      },
      source);
}

ConfigParse ParseConfigText(std::string_view text) {
  return ParseConfigFile(text, &UdpPortOf, &RoutingTableOf);
}

ConfigSource LoadConfig(const std::string& argument, KeyFiles key_files, SecretText* text,
                        const ConfigEnvironment& environment) {
  ConfigSource source;
  source.errors = environment.errors();
  if (!NameInterface(argument, environment, &source)) return source;
  std::optional<WholeText> whole = ReadWhole(argument, environment, &source);
  if (!whole.has_value()) return source;
  const std::vector<ConfigVariable> variables = ReadValueFiles(environment, &source);
  const OverriddenText overridden(whole->text.text, variables);
  for (const std::string& error : overridden.errors()) source.errors.push_back(error);
  const Locate locate = [&](FilePosition position) {
    return overridden.Locate(position, whole->name);
  };
  ConfigParse parse = ParseConfigText(overridden.text().text);
  for (const ConfigError& error : parse.errors) {
    source.errors.push_back(fmt::format("{}: {}", locate(error.position), error.message));
  }
  for (const ConfigError& warning : parse.warnings) {
    source.warnings.push_back(fmt::format("{}: {}", locate(warning.position), warning.message));
  }
  source.config = std::move(parse.config);
  if (source.config.gateway.masquerade == source.interface_name) {
    source.warnings.push_back(fmt::format(
        "{}: Masquerade = {} is the tunnel itself; name the interface that leads out, or auto",
        whole->name, source.interface_name));
  }
  if (whole->is_file && !BakedKeys(whole->text.text).empty()) {
    WarnIfReadable(whole->text.world_readable, source.path, &source);
  }
  if (key_files == KeyFiles::kRead) ReadKeyFiles(locate, &source);
  overridden.MovePositions(&source.config);
  if (text != nullptr) *text = std::move(whole->text);
  return source;
}

ConfigSource LoadConfigToRun(const std::string& argument, KeyFiles key_files,
                             const ConfigEnvironment& environment) {
  SecretText text;
  ConfigSource source = LoadConfig(argument, key_files, &text, environment);
  const bool is_file = !environment.whole_file().has_value();
  std::string refusal = is_file ? WhyHooksMustNotRun(source.config, source.path) : "";
  if (!refusal.empty()) source.errors.push_back(std::move(refusal));
  if (!environment.in_image()) return source;
  CheckForImage(environment.allows_baked_key(), &IsInLayer, &source);
  if (is_file && !environment.allows_baked_key() && IsInLayer(source.path)) {
    RefuseBakedKeys(text.text, &source);
  }
  return source;
}

ConfigSource LoadConfigForImage(const std::string& path, const ConfigEnvironment& environment) {
  SecretText text;
  ConfigSource source = LoadConfig(path, KeyFiles::kIgnore, &text, environment);
  CheckForImage(environment.allows_baked_key(), &Exists, &source);
  if (!environment.allows_baked_key()) RefuseBakedKeys(text.text, &source);
  return source;
}

std::string SummaryOf(const ConfigSource& source) {
  if (source.errors.size() == 1) return source.errors.front();
  return fmt::format("{} (and {} more: `ringwire check {}` lists them)", source.errors.front(),
                     source.errors.size() - 1, source.path);
}

}  // namespace ringwire::platform
