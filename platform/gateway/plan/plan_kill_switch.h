#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_KILL_SWITCH_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_KILL_SWITCH_H_

#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// `KillSwitch = on`: from the first step of `up` to the last one of `down`, and after a crash until
// `down` too, nothing leaves the host but what takes the tunnel, and the tunnel's own datagrams.
// Pure.
namespace ringwire::platform {

// False: none is asked for.
bool PlanKillSwitch(PlanBuilder* builder);

// Those with a kill switch.
std::vector<Reservation> SwitchesAmong(const std::vector<Reservation>& others);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_KILL_SWITCH_H_
