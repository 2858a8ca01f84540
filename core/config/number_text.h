#ifndef RINGWIRE_CORE_CONFIG_NUMBER_TEXT_H_
#define RINGWIRE_CORE_CONFIG_NUMBER_TEXT_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringwire {

// The whole of `text` as an unsigned number in `base` of at most `greatest`: no sign, no space, no
// base prefix, nothing behind it. Leading zeros are allowed, as in every WireGuard tool.
inline std::optional<uint64_t> ParseNumber(std::string_view text, uint64_t greatest,
                                           int base = 10) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end || value > greatest) return std::nullopt;
  return value;
}

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_NUMBER_TEXT_H_
