#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PORT_FORWARD_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PORT_FORWARD_H_

#include "platform/gateway/plan_builder.h"

// Ports of this host that are served behind the tunnel. Pure.
namespace ringwire::platform {

// Only the rules; PlanForward makes this host a router for them.
void PlanPortForward(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PORT_FORWARD_H_
