#ifndef RINGWIRE_PLATFORM_BASE_JSON_FIELDS_H_
#define RINGWIRE_PLATFORM_BASE_JSON_FIELDS_H_

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "nlohmann/json.hpp"

// Reading JSON that another process or version wrote: every access checks the type, so that nothing
// throws. `object` may be any value; nothing is in one that is no object. Json is nlohmann::json or
// nlohmann::ordered_json.
namespace ringwire::platform {

// nullptr: absent.
template <class Json>
const Json* MemberIn(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// The following return nullopt, or nullptr, if the member is absent or of another type.

template <class Json>
std::optional<std::string> TextIn(const Json& object, const char* key) {
  const Json* const value = MemberIn(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->template get<std::string>();
}

// Also if the number is negative, broken or too large for the type.
template <std::integral Number, class Json>
std::optional<Number> NumberIn(const Json& object, const char* key) {
  const Json* const value = MemberIn(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  const auto number = value->template get<uint64_t>();
  if (number > static_cast<uint64_t>(std::numeric_limits<Number>::max())) return std::nullopt;
  return static_cast<Number>(number);
}

template <class Json>
std::optional<bool> FlagIn(const Json& object, const char* key) {
  const Json* const value = MemberIn(object, key);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->template get<bool>();
}

template <class Json>
const Json* ListIn(const Json& object, const char* key) {
  const Json* const value = MemberIn(object, key);
  return value != nullptr && value->is_array() ? value : nullptr;
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_JSON_FIELDS_H_
