#ifndef RINGWIRE_CORE_BASE_ASCII_H_
#define RINGWIRE_CORE_BASE_ASCII_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

// ASCII only: the locale of the process must not decide what a configuration means.
namespace ringwire {

constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }
constexpr bool IsControl(char c) { return static_cast<uint8_t>(c) < 32 || c == 127; }

constexpr bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

// The result points into `text`, also when nothing is left: errors take their column from it.
constexpr std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_ASCII_H_
