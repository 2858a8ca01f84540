#include "platform/control/handshake_stamps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/base/replace_file.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr size_t kStampHexLength = 24;
constexpr size_t kLineLength = kKeyBase64Length + 1 + kKeyBase64Length + 1 + kStampHexLength;

std::optional<uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool ParseTimestamp(std::string_view hex, Tai64n* stamp) {
  for (size_t i = 0; i < stamp->bytes.size(); ++i) {
    const std::optional<uint8_t> high = HexDigit(hex[2 * i]);
    const std::optional<uint8_t> low = HexDigit(hex[2 * i + 1]);
    if (!high.has_value() || !low.has_value()) return false;
    stamp->bytes[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return true;
}

std::optional<HandshakeStamp> ParseLine(std::string_view line) {
  if (line.size() != kLineLength) return std::nullopt;
  if (line[kKeyBase64Length] != ' ' || line[2 * kKeyBase64Length + 1] != ' ') return std::nullopt;
  HandshakeStamp stamp;
  const bool valid =
      ParseKeyBase64(line.substr(0, kKeyBase64Length), stamp.local_public_key) &&
      ParseKeyBase64(line.substr(kKeyBase64Length + 1, kKeyBase64Length), stamp.peer_public_key) &&
      ParseTimestamp(line.substr(2 * (kKeyBase64Length + 1)), &stamp.greatest);
  if (!valid) return std::nullopt;
  return stamp;
}

absl::Status FileError(int error, const char* tried, const std::string& path) {
  return absl::ErrnoToStatus(error, fmt::format("{} {}", tried, path));
}

}  // namespace

std::string FormatStamps(std::span<const HandshakeStamp> stamps) {
  std::string text;
  text.reserve(stamps.size() * (kLineLength + 1));
  for (const HandshakeStamp& stamp : stamps) {
    text += KeyToBase64(stamp.local_public_key);
    text += ' ';
    text += KeyToBase64(stamp.peer_public_key);
    text += ' ';
    for (const uint8_t byte : stamp.greatest.bytes)
      fmt::format_to(std::back_inserter(text), "{:02x}", byte);
    text += '\n';
  }
  return text;
}

ParsedStamps ParseStamps(std::string_view text) {
  ParsedStamps parsed;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const std::optional<HandshakeStamp> stamp = ParseLine(line)) {
      parsed.stamps.push_back(*stamp);
    } else {
      ++parsed.malformed_lines;
    }
  }
  return parsed;
}

std::string StateDirectory() {
  const char* const directory = std::getenv("RINGWIRE_STATE_DIR");
  return directory != nullptr && *directory != '\0' ? directory : "/var/lib/ringwire";
}

HandshakeStampsFile::HandshakeStampsFile(std::string directory, const std::string& interface_name)
    : directory_(std::move(directory)), path_(directory_ + "/" + interface_name + ".stamps") {}

absl::StatusOr<ParsedStamps> HandshakeStampsFile::Load() const {
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return ParsedStamps{};
  if (!fd.valid()) return FileError(errno, "open", path_);
  std::string text;
  std::array<char, 16384> chunk;
  while (true) {
    const ssize_t size = ::read(fd.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(errno, "read", path_);
    if (size == 0) return ParseStamps(text);
    text.append(chunk.data(), static_cast<size_t>(size));
  }
}

absl::Status HandshakeStampsFile::Save(std::span<const HandshakeStamp> stamps) const {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
    return FileError(errno, "create the directory", directory_);
  }
  return ReplaceFile(path_, FormatStamps(stamps));
}

}  // namespace ringwire::platform
