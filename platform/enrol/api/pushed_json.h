#ifndef RINGWIRE_PLATFORM_ENROL_API_PUSHED_JSON_H_
#define RINGWIRE_PLATFORM_ENROL_API_PUSHED_JSON_H_

#include <optional>

#include "nlohmann/json.hpp"
#include "platform/enrol/api/api_answer.h"

namespace ringwire::platform {

nlohmann::json ToJson(const enrol::PushedConfig& config);
// nullopt: a member is missing, malformed, or beyond its bounds. Unknown members are ignored.
std::optional<enrol::PushedConfig> ReadPushedConfig(const nlohmann::json& json);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_ENROL_API_PUSHED_JSON_H_
