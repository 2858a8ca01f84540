#include "platform/gateway/plan/plan_kill_switch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "fmt/format.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/plan_return_path.h"

namespace ringwire::platform {
namespace {

// Where a host finds its neighbours and their services; beside these, its networks are local.
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

// Without these the uplink itself goes: neighbour discovery, with the multicast groups that it
// needs behind a switch that snoops, and leases. ARP is not among them as it passes no such chain.
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

// Not by the peers' addresses, as peers roam; only who may change this table can set a mark. Of a
// network namespace of its own the tunnel's datagrams have no part.
void LetDatagrams(PlanBuilder* builder) {
  if (!builder->config().gateway.network_namespace.empty()) return;
  builder->DeclareKillSwitch();
  const NftExpression own = MarkIs(builder->OwnMark());
  builder->AddNftRule(kFilterOutput, {{IsUdp(), own, Accept()}});
  if (!builder->config().gateway.kill_switch.dns) return;
  builder->AddNftRule(kFilterOutput, {{PortIs("tcp", "dport", 53), own, Accept()}});
}

// Another interface with a switch of its own lets nothing out but what it has sealed. So its
// datagrams pass this switch, as ours pass the other one, and so does what is yet to be sealed. Its
// questions for names, which have its mark too, are not sealed.
void LetTunnelsWithSwitch(PlanBuilder* builder) {
  if (!builder->config().gateway.network_namespace.empty()) return;
  for (const Reservation& other : builder->facts().switches) {
    const NftExpression theirs = MarkIs(other.mark);
    builder->AddNftRule(kFilterOutput, {{Leaves(other.interface), Accept()}});
    if (!builder->config().gateway.kill_switch.dns) {
      builder->AddNftRule(kFilterOutput, {{PortIs("udp", "dport", 53), theirs, Refuse()}});
    }
    builder->AddNftRule(kFilterOutput, {{IsUdp(), theirs, Accept()}});
    builder->AddNftRule(kFilterForward, {{Leaves(other.interface), Accept()}});
  }
}

void WarnOfOtherSwitches(PlanBuilder* builder) {
  const GatewayConfig& gateway = builder->config().gateway;
  if (gateway.kill_switch.on && gateway.network_namespace.empty()) return;
  for (const Reservation& other : builder->facts().switches) {
    builder->Warn(fmt::format(
        "the kill switch of {} keeps the datagrams of this tunnel in{}", other.interface,
        gateway.kill_switch.on
            ? ""
            : " (it lets those of tunnels through that have one, too: KillSwitch = on)"));
  }
}

}  // namespace

// What is refused gets an error at once instead of a time-out. The error to a forwarded packet's
// sender is a packet of this host and judged as such.
bool PlanKillSwitch(PlanBuilder* builder) {
  const KillSwitch& wanted = builder->config().gateway.kill_switch;
  WarnOfOtherSwitches(builder);
  if (!wanted.on) return false;
  builder->KeepNftTableAfterCrash();
  builder->AddNftRule(kFilterOutput, {{Leaves("lo"), Accept()}});
  builder->AddNftRule(kFilterOutput, {{Leaves(builder->interface()), Accept()}});
  LetDatagrams(builder);
  // They have another route by now than the one that this chain sees.
  if (builder->config().gateway.return_path) {
    builder->AddNftRule(kFilterOutput, {{MarkIs(AnswerMark(builder)), Accept()}});
  }
  LetUplinkLive(builder);
  LetLocalNetworks(kFilterOutput, builder);
  builder->AddNftRule(kFilterForward, {{Leaves(builder->interface()), Accept()}});
  LetTunnelsWithSwitch(builder);
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
