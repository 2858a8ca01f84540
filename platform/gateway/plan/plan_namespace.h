#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_NAMESPACE_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_NAMESPACE_H_

#include "platform/gateway/plan/plan_builder.h"

// The interface in a network namespace of its own: a place from which only the tunnel leads
// anywhere. What is about the interface is planned as without it, and carried out in there. Pure.
namespace ringwire::platform {

bool HasNamespace(const ConfigFile& config);

// Comes first, so that hooks find it, and goes last.
void PlanNamespace(PlanBuilder* builder);

// The name servers of the programs in there.
void PlanNamespaceDns(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_NAMESPACE_H_
