#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_ROUTES_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_ROUTES_H_

#include <vector>

#include "platform/gateway/plan_builder.h"

// The routes to the peers' AllowedIPs. Pure.
namespace ringwire::platform {

// Of all peers, none twice, the longest first as wg-quick.
std::vector<Prefix> AllowedPrefixes(const ConfigFile& config);

void PlanRoutes(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_ROUTES_H_
