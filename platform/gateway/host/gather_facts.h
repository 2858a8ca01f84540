#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// All that MakePlan wants to know of this host but the path MTU, which depends on the mark of a
// plan: what the host is like, what other interfaces have taken of it, and what a predecessor of
// `interface` still has, as `own` tells, the journal of `interface`. `folder`: of all journals.
// Reads only.
absl::StatusOr<HostFacts> GatherFacts(std::string_view interface, const ConfigFile& config,
                                      const Journal& own, const std::string& folder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_
