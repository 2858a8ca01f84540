#include "platform/control/stamp_text.h"

#include <charconv>
#include <iterator>
#include <optional>
#include <system_error>

#include "core/device/key_text.h"
#include "crypto/blake2s.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kHead = "ringwire-stamps 1 ";  // of this version of the format
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

// `begin`: the head up to the hash.
std::string HashOf(std::string_view begin, std::string_view lines) {
  std::string hex;
  for (const uint8_t byte : crypto::Blake2s(StampBytes(begin), StampBytes(lines))) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  }
  return hex;
}

StampText ParseLines(std::string_view text) {
  StampText parsed;
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

StampText Damaged() {
  StampText text;
  text.damaged = true;
  return text;
}

}  // namespace

StampText ParseStamps(std::string_view text) {
  if (!text.starts_with(kStampsName)) return ParseLines(text);
  const std::string_view head = text.substr(0, text.find('\n'));
  if (head.size() == text.size() || !head.starts_with(kHead)) return Damaged();
  const std::string_view lines = text.substr(head.size() + 1);
  uint64_t generation = 0;
  const char* const number = head.data() + kHead.size();
  const auto [stop, error] = std::from_chars(number, head.data() + head.size(), generation);
  const auto begin_size = static_cast<size_t>(stop - head.data()) + 1;  // with the space
  if (error != std::errc() || begin_size > head.size()) return Damaged();
  if (head.substr(begin_size) != HashOf(head.substr(0, begin_size), lines)) return Damaged();
  StampText parsed = ParseLines(lines);
  parsed.generation = generation;
  return parsed;
}

}  // namespace ringwire::platform
