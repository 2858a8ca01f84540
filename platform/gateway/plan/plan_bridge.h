#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BRIDGE_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BRIDGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// Bridge = NAME: an Ethernet segment over the tunnel. The kernel's VXLAN on top of the interface is
// a port of that bridge. Pure.
namespace ringwire::platform {

// The kernel copies each broadcast for each peer, so a segment is for some sites.
inline constexpr size_t kBridgePeersMax = 1024;

// "vx" and as much of the interface's name as the kernel accepts.
std::string VxlanNameOf(std::string_view interface);

// The peers of the file, in its order.
std::vector<BridgePeer> BridgePeersOf(const ConfigFile& config);

// The bridge. It is made before the interface and removed after it.
void PlanBridge(PlanBuilder* builder);
// The rest, once the interface has its addresses and this MTU (bytes).
void PlanVxlan(uint32_t mtu, PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BRIDGE_H_
