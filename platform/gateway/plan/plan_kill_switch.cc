#include "platform/gateway/plan/plan_kill_switch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/plan_return_path.h"

namespace ringwire::platform {
namespace {

// Link-scoped prefixes, for neighbours and their services. Local networks come in addition.
constexpr std::array<std::string_view, 6> kLinkScope = {"169.254.0.0/16", "224.0.0.0/24",
                                                        "239.255.0.0/16", "255.255.255.255/32",
                                                        "fe80::/10",      "ff02::/16"};

struct PortPair {
  IpFamily family;
  uint16_t from;
  uint16_t to;
};
// DHCP by clients, and by servers for hosts behind this one.
constexpr std::array<PortPair, 4> kDhcp = {{{IpFamily::kV4, 68, 67},
                                            {IpFamily::kV4, 67, 68},
                                            {IpFamily::kV6, 546, 547},
                                            {IpFamily::kV6, 547, 546}}};

void LetLocalNetworks(const NftHook& chain, PlanBuilder* builder) {
  if (!builder->config().gateway.kill_switch.local) return;
  for (const std::string_view text : kLinkScope) {
    builder->AddNftRule(chain, {{DestinationWithin(*Prefix::Parse(text)), Accept()}});
  }
  for (const LocalNetwork& network : builder->facts().local_networks.networks) {
    if (!network.connected) continue;
    builder->AddNftRule(chain, {{DestinationWithin(network.prefix), Accept()}});
  }
}

// The uplink needs these: neighbour discovery, its multicast groups (a switch may snoop), and DHCP
// leases. ARP passes no such chain.
void LetUplinkLive(PlanBuilder* builder) {
  builder->AddNftRule(
      kFilterOutput, {{Icmpv6TypeIn({"nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit",
                                     "nd-neighbor-advert", "mld-listener-report",
                                     "mld-listener-done", "mld2-listener-report"}),
                       Accept()}});
  builder->AddNftRule(kFilterOutput, {{IsIgmp(), Accept()}});
  for (const PortPair& ports : kDhcp) {
    builder->AddNftRule(kFilterOutput, {{IsFamily(ports.family), PortIs("udp", "sport", ports.from),
                                         PortIs("udp", "dport", ports.to), Accept()}});
  }
}

// Accepts a packet of a ringwire, by its mark: peers roam, so their addresses do not tell. Since
// Linux 5.17 a program with CAP_NET_RAW can set a mark, too, but it cannot make a socket of ours.
void LetMarked(NftExpression what, uint32_t mark, PlanBuilder* builder) {
  NftRule rule{{std::move(what), MarkIs(mark)}};
  const std::optional<uint32_t> uid = builder->facts().socket_uid;
  if (uid.has_value()) rule.expressions.push_back(IsFromSocketOf(*uid));
  rule.expressions.push_back(Accept());
  builder->AddNftRule(kFilterOutput, std::move(rule));
}

// With a Namespace, the tunnel's datagrams are sent outside of it.
void LetDatagrams(PlanBuilder* builder) {
  if (!builder->config().gateway.network_namespace.empty()) return;
  builder->DeclareKillSwitch();
  LetMarked(IsUdp(), builder->OwnMark(), builder);
  const std::optional<ConnectConfig>& connect = builder->config().connect;
  if (connect.has_value()) {  // a client renews its lease by TCP
    LetMarked(PortIs("tcp", "dport", connect->server.port), builder->OwnMark(), builder);
  }
  if (!builder->config().gateway.kill_switch.dns) return;
  LetMarked(PortIs("tcp", "dport", 53), builder->OwnMark(), builder);
}

// ReturnPath has given them another route than the one that this chain sees. A mark alone is not
// enough, as any program with CAP_NET_RAW can set it.
void LetReplies(PlanBuilder* builder) {
  if (!builder->config().gateway.return_path) return;
  const uint32_t mark = AnswerMark(builder);
  builder->AddNftRule(kFilterOutput,
                      {{IsAnswer(), ConnectionMarkIs(mark), MarkIs(mark), Accept()}});
}

// The peer's address is in a network of the link, or is a name and may be in any: then that link
// may be the tunnel's own way out.
bool LeadsToEndpoint(const InnerLink& link, const ConfigFile& config) {
  return std::ranges::any_of(config.peers, [&link](const PeerConfig& peer) {
    if (!peer.endpoint.has_value()) return false;
    const std::optional<IpAddress> address = IpAddress::Parse(peer.endpoint->host);
    if (!address.has_value()) return true;
    return std::ranges::any_of(
        link.networks, [&address](const Prefix& network) { return network.Contains(*address); });
  });
}

// Containers and virtual machines talk to each other and to this host. With br_netfilter, the
// forward chain also sees what a bridge passes from port to port. Only addresses in the link's own
// networks count, as a link can become a way out at any time, before these rules follow.
void LetInnerLinks(PlanBuilder* builder) {
  const InnerLinks& inner = builder->facts().inner_links;
  for (const InnerLink& link : inner.links) {
    if (!link.is_bridge && LeadsToEndpoint(link, builder->config())) continue;
    for (const std::string_view text : kLinkScope) {
      builder->AddNftRule(kFilterOutput,
                          {{Leaves(link.name), DestinationWithin(*Prefix::Parse(text)), Accept()}});
    }
    for (const NftHook& chain : {kFilterOutput, kFilterForward}) {
      for (const Prefix& network : link.networks) {
        builder->AddNftRule(chain, {{Leaves(link.name), DestinationWithin(network), Accept()}});
      }
    }
    if (!link.is_bridge) continue;
    builder->AddNftRule(kFilterForward, {{Arrives(link.name), Leaves(link.name), Accept()}});
  }
  if (inner.omitted > 0) {
    builder->Warn(fmt::format(
        "KillSwitch: {} more bridges and pairs of this host are closed, as only {} can stay open",
        inner.omitted, kInnerLinksMax));
  }
}

// Kill switches let each other's tunnels through: packets into the other interface, and its
// datagrams. Its name queries have its mark, too, but are not encrypted.
void LetTunnelsWithSwitch(PlanBuilder* builder) {
  if (!builder->config().gateway.network_namespace.empty()) return;
  for (const Reservation& other : builder->facts().switches) {
    builder->AddNftRule(kFilterOutput, {{Leaves(other.interface), Accept()}});
    if (!builder->config().gateway.kill_switch.dns) {
      builder->AddNftRule(kFilterOutput,
                          {{PortIs("udp", "dport", 53), MarkIs(other.mark), Refuse()}});
    }
    LetMarked(IsUdp(), other.mark, builder);
    builder->AddNftRule(kFilterForward, {{Leaves(other.interface), Accept()}});
  }
}

void WarnOfOtherSwitches(PlanBuilder* builder) {
  const GatewayConfig& gateway = builder->config().gateway;
  if (gateway.kill_switch.on && gateway.network_namespace.empty()) return;
  for (const Reservation& other : builder->facts().switches) {
    builder->Warn(
        fmt::format("the kill switch of {} blocks the datagrams of this tunnel{}", other.interface,
                    gateway.kill_switch.on
                        ? ""
                        : " (it lets them through if this tunnel has KillSwitch = on, too)"));
  }
}

}  // namespace

// Refused packets cause an ICMP error at once. The error for a forwarded packet is itself a packet
// of this host and passes the chain `output`.
bool PlanKillSwitch(PlanBuilder* builder) {
  const KillSwitch& wanted = builder->config().gateway.kill_switch;
  WarnOfOtherSwitches(builder);
  if (!wanted.on) return false;
  builder->KeepNftTableAfterCrash();
  builder->AddNftRule(kFilterOutput, {{Leaves("lo"), Accept()}});
  builder->AddNftRule(kFilterOutput, {{Leaves(builder->interface()), Accept()}});
  LetDatagrams(builder);
  LetReplies(builder);
  LetUplinkLive(builder);
  LetLocalNetworks(kFilterOutput, builder);
  builder->AddNftRule(kFilterForward, {{Leaves(builder->interface()), Accept()}});
  LetTunnelsWithSwitch(builder);
  LetInnerLinks(builder);
  builder->AddNftRule(kFilterOutput, {{Refuse()}});
  LetLocalNetworks(kFilterForward, builder);
  builder->AddNftRule(kFilterForward, {{Refuse()}});
  return true;
}

std::vector<Reservation> SwitchesAmong(const std::vector<Reservation>& others) {
  std::vector<Reservation> switches;
  std::ranges::copy_if(others, std::back_inserter(switches), [](const Reservation& other) {
    return other.kill_switch && other.mark != 0;
  });
  return switches;
}

}  // namespace ringwire::platform
