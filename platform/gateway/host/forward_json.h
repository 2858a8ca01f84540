#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_FORWARD_JSON_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_FORWARD_JSON_H_

#include <optional>
#include <vector>

#include "core/config/gateway_config.h"
#include "nlohmann/json.hpp"

// Port forwards in a journal.
namespace ringwire::platform {

nlohmann::json ForwardsToJson(const std::vector<PortForward>& forwards);
// nullopt: not the output of ForwardsToJson.
std::optional<std::vector<PortForward>> ForwardsFromJson(const nlohmann::json& list);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_FORWARD_JSON_H_
