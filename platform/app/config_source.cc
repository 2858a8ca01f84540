#include "platform/app/config_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "core/control/key_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/app/interface_name.h"
#include "platform/app/privileges.h"
#include "platform/app/report_error.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kSuffix = ".conf";
// Far more than a million peers need; keeps a wrong path from filling the memory.
constexpr size_t kFileBytesMax = size_t{512} << 20;

// A file's text, zeroed when it goes: it may hold keys.
struct SecretText {
  std::string text;
  bool world_readable = false;
  bool is_of_others = false;  // readable only with a capability

  SecretText() = default;
  SecretText(SecretText&&) = default;
  SecretText& operator=(SecretText&&) = default;
  ~SecretText() { crypto::Cleanse(text.data(), text.size()); }
};

absl::StatusOr<SecretText> ReadFile(const std::string& path) {
  const std::string tried = fmt::format("read {}", path);
  SecretText file;
  const UniqueFd fd = OpenForReading(path, &file.is_of_others);
  if (!fd.valid() && errno == EACCES) {
    return absl::PermissionDeniedError(
        fmt::format("{}: Permission denied (whoever runs ringwire must be able to read it without "
                    "root's rights, which are given up at the start: chown {} {})",
                    tried, ::geteuid(), path));
  }
  if (!fd.valid()) return absl::ErrnoToStatus(errno, tried);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return absl::ErrnoToStatus(errno, tried);
  file.world_readable = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
  // Reserved ahead, so that no copy of a key stays behind where the text grew.
  file.text.reserve(static_cast<size_t>(status.st_size) + 65536);
  std::array<char, 65536> chunk;
  ssize_t size = 0;
  while ((size = ::read(fd.get(), chunk.data(), chunk.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, tried);
    file.text.append(chunk.data(), static_cast<size_t>(size));
    if (file.text.size() > kFileBytesMax) {
      return absl::ResourceExhaustedError(tried + ": too large to be a configuration");
    }
  }
  crypto::Cleanse(chunk.data(), chunk.size());
  return file;
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

void WarnIfReadable(const SecretText& file, const std::string& path, ConfigSource* source) {
  if (!file.world_readable) return;
  source->warnings.push_back(
      fmt::format("{} holds keys and is readable by everyone (chmod 600 {})", path, path));
}

// Reads a key from a file of its own: base64, and perhaps a newline.
std::optional<crypto::Secret<32>> ReadKey(const std::string& path, ConfigSource* source) {
  absl::StatusOr<SecretText> file = ReadFile(path);
  if (!file.ok()) {
    source->errors.push_back(fmt::format("{}: {}", source->path, MessageOf(file.status())));
    return std::nullopt;
  }
  source->has_files_of_others |= file->is_of_others;
  std::string_view text = file->text;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  crypto::Secret<32> key;
  if (!ParseKeyBase64(text, key.bytes())) {
    source->errors.push_back(fmt::format(
        "{}: {} holds no key (44 characters of base64, as `ringwire genkey` prints, are meant)",
        source->path, path));
    return std::nullopt;
  }
  WarnIfReadable(*file, path, source);
  return key;
}

void ReadKeyFiles(ConfigSource* source) {
  ConfigFile& config = source->config;
  if (!config.private_key_file.empty()) {
    config.private_key = ReadKey(config.private_key_file, source);
  }
  for (PeerConfig& peer : config.peers) {
    if (!peer.preshared_key_file.empty()) {
      peer.preshared_key = ReadKey(peer.preshared_key_file, source);
    }
  }
}

bool HoldsKeys(const ConfigFile& config) {
  if (config.private_key.has_value()) return true;
  for (const PeerConfig& peer : config.peers) {
    if (peer.preshared_key.has_value()) return true;
  }
  return false;
}

}  // namespace

ConfigSource LoadConfig(const std::string& argument, KeyFiles key_files) {
  ConfigSource source;
  const std::optional<std::string> path = FindConfig(argument);
  if (!path.has_value()) {
    source.path = argument;
    source.errors.push_back(
        fmt::format("find the configuration \"{}\": neither /etc/ringwire/{}.conf nor "
                    "/etc/wireguard/{}.conf exists (a path contains a / or ends in .conf)",
                    argument, argument, argument));
    return source;
  }
  source.path = *path;
  source.interface_name = NameOf(*path);
  const absl::Status name = CheckInterfaceName(source.interface_name);
  if (!name.ok()) {
    source.errors.push_back(fmt::format("{}: the file's name names the interface, and {}",
                                        source.path, MessageOf(name)));
  }
  const absl::StatusOr<SecretText> file = ReadFile(source.path);
  if (!file.ok()) {
    source.errors.push_back(MessageOf(file.status()));
    return source;
  }
  source.has_files_of_others = file->is_of_others;
  ConfigParse parse = ParseConfigFile(file->text);
  for (const ConfigError& error : parse.errors) {
    source.errors.push_back(error.ToString(source.path));
  }
  source.config = std::move(parse.config);
  if (HoldsKeys(source.config)) WarnIfReadable(*file, source.path, &source);
  if (key_files == KeyFiles::kRead && source.errors.empty()) ReadKeyFiles(&source);
  return source;
}

std::vector<std::string> ErrorsOfDeferredKeys(const ConfigSource& source) {
  std::vector<std::string> errors;
  for (const DeferredKey& key : source.config.deferred) {
    errors.push_back(
        fmt::format("{}:{}:{}: {} is not acted on by this version, and leaving it out in silence "
                    "could surprise you "
                    "(take the line out, or do what it asks for yourself)",
                    source.path, key.position.line, key.position.column, key.key));
  }
  return errors;
}

std::string SummaryOf(const ConfigSource& source) {
  if (source.errors.size() == 1) return source.errors.front();
  return fmt::format("{} (and {} more: `ringwire check {}` lists them)", source.errors.front(),
                     source.errors.size() - 1, source.path);
}

}  // namespace ringwire::platform
