#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "core/config/config_parser.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

// Keys of [Gateway] against each other and against the rest of the file.
namespace ringwire::config_parser {
namespace {

bool IsName(const EndpointName& endpoint) {
  const std::string address = endpoint.host.substr(0, endpoint.host.find('%'));
  return !IpAddress::Parse(address).has_value();
}

void ReviewKillSwitch(Reading* reading) {
  const GatewayConfig& gateway = reading->config().gateway;
  if (!gateway.kill_switch.on) return;
  const FilePosition position = reading->PositionOfKey("KillSwitch");
  if (!gateway.masquerade.empty()) {
    reading->Warn(position,
                  "KillSwitch = on blocks what comes out of the tunnel and would leave by "
                  "Masquerade's interface (a gateway for others can have no kill switch)");
  } else if (!gateway.port_forwards.empty()) {
    reading->Warn(
        position,
        "KillSwitch = on blocks the answers to the clients of a PortForward (a gateway for "
        "others can have no kill switch; `on, local` serves those of local networks)");
  } else if (gateway.forward && !gateway.kill_switch.local) {
    reading->Warn(position,
                  "KillSwitch = on blocks what is forwarded to the hosts behind this one, answers "
                  "too (`on, local` lets it through)");
  }
  if (!gateway.route_from.empty()) {
    reading->Warn(position,
                  "KillSwitch = on blocks this host's own traffic, because RouteFrom keeps it out "
                  "of the tunnel (leave one of the two out)");
  }
  const std::vector<PeerConfig>& peers = reading->config().peers;
  const bool has_name = std::ranges::any_of(peers, [](const PeerConfig& peer) {
    return peer.endpoint.has_value() && IsName(*peer.endpoint);
  });
  if (gateway.kill_switch.dns && !has_name) {
    reading->Warn(position,
                  "KillSwitch lets this host look up names of endpoints, and no Endpoint is a name "
                  "(leave dns out)");
  }
}

// Frames go to a peer's first address of the tunnel's family.
void ReviewBridge(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (config.gateway.bridge.empty() || config.addresses.empty()) return;
  const IpAddress& own = config.addresses.front().address;
  const FilePosition position = reading->PositionOfKey("Bridge");
  size_t reached = 0;
  for (const PeerConfig& peer : config.peers) {
    const std::vector<Prefix> prefixes = RemainingPrefixes(peer.allowed_ips);
    const bool has_host = std::ranges::any_of(prefixes, [&own](const Prefix& prefix) {
      return prefix.address.family == own.family && prefix.IsHost();
    });
    if (has_host) {
      ++reached;
      continue;
    }
    reading->Warn(position,
                  fmt::format("Bridge leaves out the peer {}: its AllowedIPs have no single IPv{} "
                              "address to send frames to (add the peer's address with /{})",
                              peer.name.empty() ? KeyToBase64(peer.public_key) : peer.name,
                              own.family == IpFamily::kV4 ? 4 : 6, own.Bits()));
  }
  if (reached > 1) {
    reading->Warn(position,
                  "Bridge connects each peer with this host; two peers reach each other's hosts "
                  "only if they are peers of each other as well");
  }
  const bool has_routes = config.table.kind == RouteTable::Kind::kAuto ||
                          config.table == RouteTable{RouteTable::Kind::kNumber, kMainTable};
  if ((has_routes && config.gateway.route_from.empty()) || !config.hooks.post_up.empty()) return;
  if (reached > 0 && own.Bits() == config.addresses.front().length) {
    reading->Warn(position,
                  fmt::format("Bridge has no route to its peers: {} makes none in the main table, "
                              "and Address = {} has no network (give it the tunnel's, like /24)",
                              config.gateway.route_from.empty() ? "Table" : "RouteFrom",
                              config.addresses.front().ToString()));
  }
}

void ReviewSources(Reading* reading) {
  const ConfigFile& config = reading->config();
  const std::vector<Prefix> allowed = AllPrefixes(config);
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const auto is_of = [family](const Prefix& prefix) { return prefix.address.family == family; };
    const auto source = std::ranges::find_if(config.gateway.route_from, is_of);
    if (source == config.gateway.route_from.end() || std::ranges::any_of(allowed, is_of)) continue;
    reading->Warn(reading->PositionOfKey("RouteFrom"),
                  fmt::format("nothing from {} takes the tunnel, as no AllowedIPs are of IPv{}",
                              source->ToString(), family == IpFamily::kV4 ? 4 : 6));
  }
  if (config.gateway.route_from.empty()) return;
  // Queries of this host have none of these sources, unless the link's own route takes them.
  for (const NameServer& server : config.dns.servers) {
    const bool is_on_link =
        std::ranges::any_of(config.addresses, [&server](const InterfaceAddress& own) {
          return Prefix::Of(own.address, own.length).Contains(server.address);
        });
    const auto holds = [&server](const Prefix& prefix) { return prefix.Contains(server.address); };
    if (is_on_link || IsLoopback(server.address)) continue;
    if (std::ranges::none_of(allowed, holds)) continue;
    reading->Warn(reading->PositionOfKey("DNS"),
                  fmt::format("queries to the name server {} go outside of the tunnel: RouteFrom "
                              "keeps this host's own traffic out of it",
                              server.ToString()));
  }
}

// In a namespace of its own the tunnel is the only way in and out.
void ReviewNamespace(Reading* reading) {
  const GatewayConfig& gateway = reading->config().gateway;
  if (gateway.network_namespace.empty()) return;
  const std::string_view key = !gateway.port_forwards.empty() ? "PortForward"
                               : !gateway.masquerade.empty()  ? "Masquerade"
                                                              : "";
  if (key.empty()) return;
  reading->Warn(reading->PositionOfKey(key),
                fmt::format("{} has an effect inside Namespace = {} only, where the tunnel is the "
                            "only link unless another program adds one",
                            key, gateway.network_namespace));
}

}  // namespace

// Errors of the keys of an Ethernet segment.
void ReviewBridgeKeys(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (config.gateway.bridge.empty()) {
    if (config.gateway.vxlan_id == GatewayConfig().vxlan_id) return;
    reading->Warn(reading->PositionOfKey("VxlanId"), "VxlanId has no effect without Bridge");
  } else if (config.addresses.empty()) {
    reading->Fail(reading->PositionOfKey("Bridge"),
                  "Bridge needs an Address: the tunnel's address is the source of its packets");
  }
}

void ReviewGateway(Reading* reading) {
  ReviewKillSwitch(reading);
  ReviewNamespace(reading);
  ReviewBridge(reading);
  ReviewSources(reading);
}

}  // namespace ringwire::config_parser
