#include "core/device/key_text.h"

#include <algorithm>

#include "fmt/format.h"

namespace ringwire {
namespace {

// All ones if low <= value <= high, else zero. For values in 0..255: the differences fit in nine
// bits and a sign.
constexpr int MaskIfWithin(int value, int low, int high) {
  return ((low - 1 - value) & (value - high - 1)) >> 9;
}
static_assert(MaskIfWithin('A', 'A', 'Z') == -1 && MaskIfWithin('Z', 'A', 'Z') == -1);
static_assert(MaskIfWithin('@', 'A', 'Z') == 0 && MaskIfWithin('[', 'A', 'Z') == 0);
static_assert(MaskIfWithin(0, 'A', 'Z') == 0 && MaskIfWithin(255, 'A', 'Z') == 0);

// The base64 character of a value in 0..63.
constexpr char SextetToChar(int value) {
  return static_cast<char>((MaskIfWithin(value, 0, 25) & (value + 'A')) |
                           (MaskIfWithin(value, 26, 51) & (value - 26 + 'a')) |
                           (MaskIfWithin(value, 52, 61) & (value - 52 + '0')) |
                           (MaskIfWithin(value, 62, 62) & '+') |
                           (MaskIfWithin(value, 63, 63) & '/'));
}

// The value of a base64 character, or all ones.
constexpr int CharToSextet(char character) {
  const int c = static_cast<uint8_t>(character);
  const int upper = MaskIfWithin(c, 'A', 'Z');
  const int lower = MaskIfWithin(c, 'a', 'z');
  const int digit = MaskIfWithin(c, '0', '9');
  const int plus = MaskIfWithin(c, '+', '+');
  const int slash = MaskIfWithin(c, '/', '/');
  return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) | (plus & 62) |
         (slash & 63) | ~(upper | lower | digit | plus | slash);
}

constexpr char NibbleToChar(int value) {
  return static_cast<char>((MaskIfWithin(value, 0, 9) & (value + '0')) |
                           (MaskIfWithin(value, 10, 15) & (value - 10 + 'a')));
}

// The value of a hex digit, or all ones.
constexpr int CharToNibble(char character) {
  const int c = static_cast<uint8_t>(character);
  const int digit = MaskIfWithin(c, '0', '9');
  const int upper = MaskIfWithin(c, 'A', 'F');
  const int lower = MaskIfWithin(c, 'a', 'f');
  return (digit & (c - '0')) | (upper & (c - 'A' + 10)) | (lower & (c - 'a' + 10)) |
         ~(digit | upper | lower);
}

}  // namespace

std::string KeyToBase64(std::span<const uint8_t, 32> key) {
  std::string text(kKeyBase64Length, '=');
  uint32_t bits = 0;
  int bit_count = 0;
  size_t length = 0;
  for (const uint8_t byte : key) {
    bits = (bits << 8) | byte;
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      text[length++] = SextetToChar(static_cast<int>((bits >> bit_count) & 63));
    }
  }
  text[length] = SextetToChar(static_cast<int>((bits << (6 - bit_count)) & 63));
  return text;
}

std::string KeyToHex(std::span<const uint8_t, 32> key) {
  std::string text(kKeyHexLength, '0');
  for (size_t i = 0; i < key.size(); ++i) {
    text[2 * i] = NibbleToChar(key[i] >> 4);
    text[2 * i + 1] = NibbleToChar(key[i] & 15);
  }
  return text;
}

bool ParseKeyBase64(std::string_view text, std::span<uint8_t, 32> key) {
  std::ranges::fill(key, uint8_t{0});
  if (text.size() != kKeyBase64Length || text.back() != '=') return false;
  uint32_t bits = 0;
  int bit_count = 0;
  size_t length = 0;
  int bad = 0;  // negative as soon as one character was not of the alphabet
  for (const char character : text.substr(0, kKeyBase64Length - 1)) {
    const int sextet = CharToSextet(character);
    bad |= sextet;
    bits = (bits << 6) | static_cast<uint32_t>(sextet & 63);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    key[length++] = static_cast<uint8_t>(bits >> bit_count);
  }
  // 43 characters carry 258 bits: the last two belong to no byte, and one key has only one text.
  bad |= -static_cast<int>(bits & 3);
  if (bad >= 0) return true;
  crypto::Cleanse(key.data(), key.size());
  return false;
}

bool ParseKeyHex(std::string_view text, std::span<uint8_t, 32> key) {
  std::ranges::fill(key, uint8_t{0});
  if (text.size() != kKeyHexLength) return false;
  int bad = 0;
  for (size_t i = 0; i < key.size(); ++i) {
    const int high = CharToNibble(text[2 * i]);
    const int low = CharToNibble(text[2 * i + 1]);
    bad |= high | low;
    key[i] = static_cast<uint8_t>(((high & 15) << 4) | (low & 15));
  }
  if (bad >= 0) return true;
  crypto::Cleanse(key.data(), key.size());
  return false;
}

std::string PeerLabel(const crypto::PublicKey& public_key) {
  const std::string text = KeyToBase64(public_key);
  return fmt::format("peer({}…{})", text.substr(0, 4), text.substr(kKeyBase64Length - 5, 4));
}

}  // namespace ringwire
