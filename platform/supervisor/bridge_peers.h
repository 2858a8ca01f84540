#ifndef RINGWIRE_PLATFORM_SUPERVISOR_BRIDGE_PEERS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_BRIDGE_PEERS_H_

#include <vector>

#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"
#include "platform/relay/relay_bodies.h"

namespace ringwire::platform {

// The peers of a device as a Bridge reaches them. The file gives the names, the order of its peers
// and the order of their addresses; peers that only the device has come last. Pure.
std::vector<BridgePeer> BridgePeersWith(const std::vector<PeerHosts>& device,
                                        const ConfigFile& config);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_BRIDGE_PEERS_H_
