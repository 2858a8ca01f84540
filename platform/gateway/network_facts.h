#ifndef RINGWIRE_PLATFORM_GATEWAY_NETWORK_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_NETWORK_FACTS_H_

#include <string_view>

#include "absl/status/status.h"
#include "core/control/config_file.h"
#include "platform/gateway/plan.h"

namespace ringwire::platform {

// What MakePlan wants to know of the network namespace that this thread is in. Reads only.
// `interface`: the one that is planned.
absl::Status ReadNetworkFacts(std::string_view interface, const ConfigFile& config,
                              HostFacts* facts);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_NETWORK_FACTS_H_
