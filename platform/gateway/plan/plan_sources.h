#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_SOURCES_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_SOURCES_H_

#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// RouteFrom: only traffic from these sources takes the tunnel, by a table of its own. Pure.
namespace ringwire::platform {

// `allowed`: where the tunnel leads. What these sources send there never takes another way, also
// not after a crash. A local network that is within one of `allowed` stays reachable for them.
void PlanSources(const std::vector<Prefix>& allowed, PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_SOURCES_H_
