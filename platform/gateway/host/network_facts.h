#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// What MakePlan wants to know of the network namespace that this thread is in. Reads only.
// `interface`: the one that is planned.
absl::Status ReadNetworkFacts(std::string_view interface, const ConfigFile& config,
                              HostFacts* facts);

// The ways into the world that the network namespace of this thread has, but for those by
// `interface` and by others of ringwire.
absl::StatusOr<std::vector<WayOut>> ReadWaysOut(std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_NETWORK_FACTS_H_
