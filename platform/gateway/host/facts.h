#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// Reads the facts of this host for MakePlan. Changes nothing. The caller adds facts about a
// predecessor.
absl::StatusOr<HostFacts> ReadHostFacts(std::string_view interface, const ConfigFile& config);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_
