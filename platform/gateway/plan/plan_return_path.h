#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_RETURN_PATH_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_RETURN_PATH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// The host behind a PortForward: answers to what has come by the tunnel leave by the tunnel. Pure.
namespace ringwire::platform {

// What PlanReturnPath wants to know, for SysctlsOf.
void AddSysctlsOfReturnPath(std::vector<std::string>* paths);

// Of answers on their way to the tunnel; they have no other way.
uint32_t AnswerMark(PlanBuilder* builder);

// Nothing where the configuration does not ask for it. Before the interface is there, by which
// questions come at once: answers have no way yet, and no other one.
void CloseReturnPath(PlanBuilder* builder);
// Likewise. After all other routes and rules.
void PlanReturnPath(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_RETURN_PATH_H_
