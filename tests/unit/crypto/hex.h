#ifndef RINGWIRE_TESTS_UNIT_CRYPTO_HEX_H_
#define RINGWIRE_TESTS_UNIT_CRYPTO_HEX_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringwire::crypto {

using Bytes = std::vector<uint8_t>;

// Lower-case digits without separators. The test fails at a malformed vector.
inline Bytes FromHex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  EXPECT_EQ(text.size() % 2, 0u) << text;
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]);
    const size_t low = kDigits.find(text[i + 1]);
    EXPECT_TRUE(high < 16 && low < 16) << text;
    bytes.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return bytes;
}

// FromHex for text of exactly N bytes.
template <size_t N>
std::array<uint8_t, N> FromHex(std::string_view text) {
  const Bytes bytes = FromHex(text);
  EXPECT_EQ(bytes.size(), N) << text;
  std::array<uint8_t, N> result{};
  std::copy_n(bytes.begin(), std::min(N, bytes.size()), result.begin());
  return result;
}

inline std::string ToHex(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

inline Bytes FromText(std::string_view text) { return Bytes(text.begin(), text.end()); }

// start, start + 1, ... modulo 256.
inline Bytes Counting(size_t size, size_t start = 0) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(start + i);
  return bytes;
}

template <size_t N>
std::array<uint8_t, N> CountingArray(size_t start = 0) {
  std::array<uint8_t, N> bytes;
  for (size_t i = 0; i < N; ++i) bytes[i] = static_cast<uint8_t>(start + i);
  return bytes;
}

}  // namespace ringwire::crypto

#endif  // RINGWIRE_TESTS_UNIT_CRYPTO_HEX_H_
