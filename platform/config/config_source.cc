#include "platform/config/config_source.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "core/config/config_line.h"
#include "core/config/text_encoding.h"
#include "core/device/key_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/base/paths.h"
#include "platform/config/hook_writers.h"
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

std::optional<std::string> FindConfig(const std::string& argument) {
  if (argument.find('/') != std::string::npos || argument.ends_with(kSuffix)) return argument;
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

// Next to the configuration, so that a path means the same wherever ringwire is started, and to the
// service in the background, too.
std::string KeyPath(const std::string& config_path, const std::string& path) {
  const size_t slash = config_path.rfind('/');
  if (path.starts_with('/') || slash == std::string::npos) return path;
  return config_path.substr(0, slash + 1) + path;
}

// Reads a key from a file of its own: base64, and perhaps a newline.
std::optional<crypto::Secret<32>> ReadKey(const std::string& named, FilePosition position,
                                          ConfigSource* source) {
  const auto fail = [&](std::string message) {
    source->errors.push_back(ConfigError{position, std::move(message)}.ToString(source->path));
    return std::nullopt;
  };
  const std::string path = KeyPath(source->path, named);
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

bool HoldsKeys(const ConfigFile& config) {
  if (config.private_key.has_value()) return true;
  for (const PeerConfig& peer : config.peers) {
    if (peer.preshared_key.has_value()) return true;
  }
  return false;
}

}  // namespace

void ReadKeyFiles(ConfigSource* source) {
  ConfigFile& config = source->config;
  if (!config.private_key_file.empty()) {
    config.private_key = ReadKey(config.private_key_file, config.private_key_file_position, source);
  }
  for (PeerConfig& peer : config.peers) {
    if (!peer.preshared_key_file.empty()) {
      peer.preshared_key =
          ReadKey(peer.preshared_key_file, peer.preshared_key_file_position, source);
    }
  }
}

ConfigParse ParseConfigText(std::string_view text) {
  return ParseConfigFile(text, &UdpPortOf, &RoutingTableOf);
}

ConfigSource LoadConfig(const std::string& argument, KeyFiles key_files, SecretText* text) {
  ConfigSource source;
  const std::optional<std::string> path = FindConfig(argument);
  if (!path.has_value()) {
    source.path = argument;
    source.errors.push_back(
        fmt::format("cannot find the configuration `{}`: neither /etc/ringwire/{}.conf nor "
                    "/etc/wireguard/{}.conf exists (a path contains a / or ends in .conf)",
                    argument, argument, argument));
    return source;
  }
  source.path = *path;
  if (!path->ends_with(kSuffix)) {
    source.errors.push_back(
        fmt::format("cannot use {} as a configuration: the file's name must be that of the "
                    "interface with .conf behind it; rename or copy it to {}.conf",
                    *path, InterfaceLike(NameOf(*path))));
    return source;
  }
  source.interface_name = NameOf(*path);
  const absl::Status name = CheckInterfaceName(source.interface_name);
  if (!name.ok()) {
    source.errors.push_back(fmt::format("{}: the file's name names the interface, and {}",
                                        source.path, MessageOf(name)));
  }
  absl::StatusOr<SecretText> file = ReadSecretFile(source.path);
  if (!file.ok()) {
    const bool as_typed = *path == argument && absl::IsNotFound(file.status());
    source.errors.push_back(MessageOf(file.status()) + (as_typed ? kHowToName : ""));
    return source;
  }
  ConfigParse parse = ParseConfigText(file->text);
  for (const ConfigError& error : parse.errors) {
    source.errors.push_back(error.ToString(source.path));
  }
  for (const ConfigError& warning : parse.warnings) {
    source.warnings.push_back(warning.ToString(source.path));
  }
  source.config = std::move(parse.config);
  if (source.config.gateway.masquerade == source.interface_name) {
    source.warnings.push_back(fmt::format(
        "{}: Masquerade = {} is the tunnel itself; name the interface that leads out, or auto",
        source.path, source.interface_name));
  }
  if (HoldsKeys(source.config)) WarnIfReadable(file->world_readable, source.path, &source);
  if (key_files == KeyFiles::kRead) ReadKeyFiles(&source);
  if (text != nullptr) *text = *std::move(file);
  return source;
}

ConfigSource LoadConfigToRun(const std::string& argument, KeyFiles key_files) {
  ConfigSource source = LoadConfig(argument, key_files);
  std::string refusal = WhyHooksMustNotRun(source.config, source.path);
  if (!refusal.empty()) source.errors.push_back(std::move(refusal));
  return source;
}

std::string SummaryOf(const ConfigSource& source) {
  if (source.errors.size() == 1) return source.errors.front();
  return fmt::format("{} (and {} more: `ringwire check {}` lists them)", source.errors.front(),
                     source.errors.size() - 1, source.path);
}

}  // namespace ringwire::platform
