#include "platform/gateway/plan/plan_bridge.h"

#include <algorithm>
#include <optional>

#include "core/config/config_file.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/netlink/bridge_netlink.h"

namespace ringwire::platform {
namespace {

constexpr size_t kInterfaceNameBytesMax = 15;
// Bytes of Ethernet, VXLAN, UDP, and IPv4 or IPv6.
constexpr uint32_t kOverheadV4 = 14 + 8 + 8 + 20;
constexpr uint32_t kOverheadV6 = 14 + 8 + 8 + 40;
constexpr uint32_t kLeastFrame = 68;  // the least MTU that the kernel accepts
constexpr NftHook kBridgeForward{"forward", "filter", "forward", 0};

uint32_t HeadersOfTcp(IpFamily family) { return 20U + (family == IpFamily::kV4 ? 20U : 40U); }

// The source of the packets: the first address that the interface gets.
std::optional<IpAddress> LocalOf(const PlanBuilder& builder) {
  for (const InterfaceAddress& own : builder.config().addresses) {
    if (own.address.family == IpFamily::kV4 || builder.facts().has_ipv6) return own.address;
  }
  return std::nullopt;
}

std::optional<IpAddress> HostOf(const BridgePeer& peer, IpFamily family) {
  const auto host = std::ranges::find(peer.hosts, family, &IpAddress::family);
  if (host == peer.hosts.end()) return std::nullopt;
  return *host;
}

// The kernel accepts packets of a segment from any interface. Without this rule a neighbour on the
// uplink could send frames into the segment.
void AcceptOnlyFromTunnel(const Vxlan& vxlan, PlanBuilder* builder) {
  builder->AddNftRule(kRawPrerouting,
                      {{ArrivesElsewhere(builder->interface()), PortIs("udp", "dport", kVxlanPort),
                        IsOfVxlan(vxlan.id), Drop()}});
}

// A bridge drops frames that are too large for a port, and neither counts them nor tells the
// sender. So TCP is told what fits, and other frames are counted here. Not those of TCP: the kernel
// may have merged several, which it cuts again.
NftTable FrameRules(const Vxlan& vxlan, std::string_view interface) {
  NftChain forward{kBridgeForward, {}};
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const NftExpression clamp = ClampMssTo(vxlan.mtu - HeadersOfTcp(family));
    forward.rules.push_back({{Leaves(vxlan.name), CarriesFamily(family), IsTcpSyn(), clamp}});
    forward.rules.push_back({{Arrives(vxlan.name), CarriesFamily(family), IsTcpSyn(), clamp}});
  }
  forward.rules.push_back({{Leaves(vxlan.name), IsNotTcp(), IsLonger(vxlan.mtu), Count(), Drop()}});
  return {NftTableName(interface), {std::move(forward)}, {}, NftFamily::kBridge};
}

// The file's review has named those of its own peers that are left out.
void AddForwardings(const Vxlan& vxlan, PlanBuilder* builder) {
  const bool is_live = builder->facts().bridge_peers.has_value();
  const IpFamily family = vxlan.local.family;
  std::vector<IpAddress> known;
  for (const BridgePeer& peer :
       is_live ? *builder->facts().bridge_peers : BridgePeersOf(builder->config())) {
    const std::optional<IpAddress> host = HostOf(peer, family);
    if (!host.has_value() && is_live) {
      builder->Warn(
          fmt::format("Bridge leaves out the peer {}: its AllowedIPs have no single IPv{} address "
                      "to send frames to (add the peer's address with /{})",
                      peer.name, family == IpFamily::kV4 ? 4 : 6, vxlan.local.Bits()));
    }
    if (!host.has_value() || std::ranges::find(known, *host) != known.end()) continue;
    if (known.size() == kBridgePeersMax) {
      return builder->Warn(fmt::format(
          "Bridge reaches the first {} peers only; use routes for so many sites", kBridgePeersMax));
    }
    known.push_back(*host);
    builder->Add(action::AddForwarding{vxlan.name, *host},
                 action::RemoveForwarding{vxlan.name, *host});
  }
}

}  // namespace

std::string VxlanNameOf(std::string_view interface) {
  return fmt::format("vx{}", interface.substr(0, kInterfaceNameBytesMax - 2));
}

std::vector<BridgePeer> BridgePeersOf(const ConfigFile& config) {
  std::vector<BridgePeer> peers;
  for (const PeerConfig& peer : config.peers) {
    BridgePeer& one = peers.emplace_back();
    one.name = peer.name.empty() ? KeyToBase64(peer.public_key) : peer.name;
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
      if (prefix.IsHost()) one.hosts.push_back(prefix.address);
    }
  }
  return peers;
}

void PlanBridge(PlanBuilder* builder) {
  const std::string& name = builder->config().gateway.bridge;
  if (name.empty()) return;
  const BridgeFacts& facts = builder->facts().bridge;
  if (facts.exists && !facts.is_bridge) {
    return builder->Refuse(fmt::format(
        "cannot use {0} as a bridge: it is another kind of link; name another Bridge", name));
  }
  std::optional<Action> undo;
  if (!facts.exists || facts.is_ours) undo = action::RemoveBridge{name};
  builder->Add(action::AddBridge{name}, std::move(undo));
}

void PlanVxlan(uint32_t mtu, PlanBuilder* builder) {
  const GatewayConfig& gateway = builder->config().gateway;
  const std::optional<IpAddress> local = LocalOf(*builder);
  if (gateway.bridge.empty() || !local.has_value()) return;
  Vxlan vxlan;
  vxlan.name = VxlanNameOf(builder->interface());
  vxlan.bridge = gateway.bridge;
  vxlan.id = gateway.vxlan_id;
  vxlan.local = *local;
  // The kernel accepts no greater MTU of a device on top of the tunnel.
  const uint32_t overhead = local->family == IpFamily::kV4 ? kOverheadV4 : kOverheadV6;
  vxlan.mtu = std::max(mtu, overhead + kLeastFrame) - overhead;
  AcceptOnlyFromTunnel(vxlan, builder);
  builder->Add(action::AddVxlan{vxlan}, action::RemoveVxlan{vxlan.name});
  NftTable frames = FrameRules(vxlan, builder->interface());
  const action::DeleteNftTable undo{frames.name, frames.family};
  builder->Add(action::ReplaceNftTable{std::move(frames)}, undo);
  AddForwardings(vxlan, builder);
}

}  // namespace ringwire::platform
