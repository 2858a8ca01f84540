#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_SYSCTL_SETTING_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_SYSCTL_SETTING_H_

#include <string>
#include <string_view>

#include "platform/gateway/plan/action.h"

// Where a sysctl is set, and the spellings of that. `path` is the one below /proc/sys:
// net/ipv4/conf/eth0.100/rp_filter. Pure.
namespace ringwire::platform {

std::string SysctlFile(std::string_view path);
// With dots between the names, as container engines want it. A dot in a name becomes a slash.
std::string SysctlDotted(std::string_view path);
// What a person types.
std::string SysctlCommand(const action::SetSysctl& setting);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_SYSCTL_SETTING_H_
