#include "platform/supervisor/bridge_peers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/device/key_text.h"
#include "platform/gateway/plan/plan_bridge.h"

namespace ringwire::platform {
namespace {

bool Contains(const std::vector<IpAddress>& list, const IpAddress& one) {
  return std::ranges::find(list, one) != list.end();
}

// `now`, with those of `order` first.
std::vector<IpAddress> Ordered(const std::vector<IpAddress>& now, std::vector<IpAddress> order) {
  std::erase_if(order, [&now](const IpAddress& host) { return !Contains(now, host); });
  for (const IpAddress& host : now) {
    if (!Contains(order, host)) order.push_back(host);
  }
  return order;
}

}  // namespace

std::vector<BridgePeer> BridgePeersWith(const std::vector<PeerHosts>& device,
                                        const ConfigFile& config) {
  std::vector<BridgePeer> of_file = BridgePeersOf(config);
  std::vector<BridgePeer> peers;
  for (size_t i = 0; i < of_file.size(); ++i) {
    const auto found = std::ranges::find(device, config.peers[i].public_key, &PeerHosts::peer);
    if (found == device.end()) continue;
    peers.push_back(
        {std::move(of_file[i].name), Ordered(found->hosts, std::move(of_file[i].hosts))});
  }
  for (const PeerHosts& one : device) {
    const auto known = std::ranges::find(config.peers, one.peer, &PeerConfig::public_key);
    if (known == config.peers.end()) peers.push_back({KeyToBase64(one.peer), one.hosts});
  }
  return peers;
}

}  // namespace ringwire::platform
