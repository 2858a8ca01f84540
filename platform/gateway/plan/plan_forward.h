#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FORWARD_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FORWARD_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// This host as a router for the tunnel, and the translation of what comes from the tunnel to an
// address of this host. Pure.
namespace ringwire::platform {

// What the kernel's check of the way back to a source is set to: for all interfaces, of which the
// stricter one counts, and for new ones.
// Whether this sysctl makes the host a router.
bool IsForwardSwitch(std::string_view path);

inline constexpr std::string_view kReversePathOfAll = "net/ipv4/conf/all/rp_filter";
inline constexpr std::string_view kReversePathOfNew = "net/ipv4/conf/default/rp_filter";

// What PlanForward wants to know, for SysctlsOf.
void AddSysctlsOfForward(std::vector<std::string>* paths);

// What the kernel has set along when interfaces of ours turned forwarding on, back to what it was:
// whatever they have not `held` for themselves had the usual value.
void RevertFollowers(const std::set<std::string>& held,
                     std::map<std::string, std::string, std::less<>>* sysctls);

// Nothing where the configuration does not ask for it. The interface exists by now.
void PlanForward(PlanBuilder* builder);

// Where routes are not those of AllowedIPs, a strict look at the way back to a source would drop
// what WireGuard has admitted.
void LoosenReversePath(PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FORWARD_H_
