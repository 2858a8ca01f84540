#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// All facts for MakePlan except the path MTU, which depends on the mark of a plan: the host's
// state, the reservations of other interfaces, and the leftovers of a predecessor of `interface`
// according to `own`, its journal. `folder`: of all journals. Changes nothing.
absl::StatusOr<HostFacts> GatherFacts(std::string_view interface, const ConfigFile& config,
                                      const Journal& own, const std::string& folder);

// The part of it from journals: others' reservations, and the leftovers of a predecessor.
void AddJournalFacts(std::string_view interface, const Journal& own, const std::string& folder,
                     HostFacts* facts);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_GATHER_FACTS_H_
