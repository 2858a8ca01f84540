#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// Reads the facts of this thread's network namespace for MakePlan. Changes nothing. `interface`:
// the planned one.
absl::Status ReadNetworkFacts(std::string_view interface, const ConfigFile& config,
                              HostFacts* facts);

// The routes to the internet in this thread's network namespace, except those through `interface`
// and other interfaces of ringwire.
absl::StatusOr<std::vector<WayOut>> ReadWaysOut(std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_
