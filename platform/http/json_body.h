#ifndef RINGWIRE_PLATFORM_HTTP_JSON_BODY_H_
#define RINGWIRE_PLATFORM_HTTP_JSON_BODY_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "nlohmann/json.hpp"

namespace ringwire::platform {

// Objects and arrays inside each other: no message of ours has more than four.
inline constexpr size_t kJsonDepthMax = 8;

// The object that `text` is, for platform/base/json_fields.h. nullopt: it is not valid JSON in
// UTF-8, not an object, nested more deeply, has a number that no double holds, or has a name twice
// in one object, which two readers might understand differently.
std::optional<nlohmann::json> ParseJsonBody(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_HTTP_JSON_BODY_H_
