#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_PORT_FORWARD_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_PORT_FORWARD_H_

#include <string>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// Ports of this host that are served behind the tunnel. Pure.
namespace ringwire::platform {

// Which ports of this file other interfaces have, a sentence for each of these.
std::vector<std::string> WarningsOfTakenPorts(const ConfigFile& config,
                                              const std::vector<Reservation>& others);

// Only the rules; PlanForward makes this host a router for them.
void PlanPortForward(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_PORT_FORWARD_H_
