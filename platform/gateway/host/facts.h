#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// What MakePlan wants to know of this host. Reads only. Facts about a predecessor are the caller's.
absl::StatusOr<HostFacts> ReadHostFacts(std::string_view interface, const ConfigFile& config);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_FACTS_H_
