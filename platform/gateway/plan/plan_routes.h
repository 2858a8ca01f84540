#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_ROUTES_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_ROUTES_H_

#include "platform/gateway/plan/plan_builder.h"

// The routes to the peers' AllowedIPs. Pure.
namespace ringwire::platform {

void PlanRoutes(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_ROUTES_H_
