#include "platform/gateway/plan/plan_full_tunnel.h"

#include <algorithm>
#include <string>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/plan_namespace.h"

namespace ringwire::platform {
namespace {

void WarnOfOmittedNetworks(size_t omitted, PlanBuilder* builder) {
  if (omitted == 0) return;
  builder->Warn(fmt::format(
      "{} of the local networks take the tunnel as well, as only {} can stay outside of it",
      omitted, kLocalNetworksMax));
}

bool IsLinkScoped(const IpAddress& address) {
  static const Prefix kLinkLocal = *Prefix::Parse("169.254.0.0/16");
  return address.IsLinkLocalV6() || kLinkLocal.Contains(address);
}

// Name servers that a local network claims too. They are the tunnel's: the network may be wide
// enough on purpose, and its own servers need no DNS line.
std::vector<IpAddress> TunneledServers(IpFamily family, const PlanBuilder& builder) {
  std::vector<IpAddress> servers;
  for (const auto& [address, zone] : builder.config().dns.servers) {
    if (address.family != family || !zone.empty() || IsLinkScoped(address)) continue;
    if (builder.facts().local_networks.NetworkOf(address) != nullptr) servers.push_back(address);
  }
  return servers;
}

// Everything of the main table but its default route would be more than the local networks: a
// DHCP server can add routes to any address.
void AddLocalNetworks(IpFamily family, PlanBuilder* builder) {
  const LocalNetworks& local = builder->facts().local_networks;
  for (const IpAddress& server : TunneledServers(family, *builder)) {
    Rule rule{family, builder->PriorityOf(RuleTurn::kEverythingPeers), builder->OwnTable()};
    rule.destination = Prefix::Of(server, server.Bits());
    builder->AddRule(rule, /*stays=*/true);
    const LocalNetwork* const network = local.NetworkOf(server);
    if (!network->connected) continue;
    builder->Warn(fmt::format(
        "the name server {} is also an address of {}, a network on a link of this host; queries to "
        "it take the tunnel (if that network's server is meant, remove it from DNS)",
        server.ToString(), network->prefix.ToString()));
  }
  for (const LocalNetwork& network : local.networks) {
    if (network.prefix.address.family != family) continue;
    builder->AddRule(LocalRule(network.prefix, builder->PriorityOf(RuleTurn::kLocalNetworks)),
                     /*stays=*/true);
  }
}

// A program may bind a socket to another interface. For IPv6 no route of our table then matches,
// and the main table would decide.
void RefuseOtherInterfacesV6(PlanBuilder* builder) {
  Rule refused{IpFamily::kV6, builder->PriorityOf(RuleTurn::kEverythingRefused)};
  refused.unless_mark = builder->OwnMark();
  refused.refuses = true;
  builder->AddRule(refused, /*stays=*/true);
}

// For IPv4 the kernel ignores the refusing route then and takes the destination for a neighbour. So
// a packet is refused if its next hop is neither in a network of a link nor a gateway. A packet
// that another policy rule of the host leads around the tunnel has such a next hop.
void RefuseOtherInterfacesV4(PlanBuilder* builder) {
  const HostFacts& facts = builder->facts();
  if (facts.uplinks.v4_without_gateway) return;
  NftRule rule{{IsFamily(IpFamily::kV4), LeavesByEthernet(), MarkIsNot(builder->OwnMark())}};
  for (const IpAddress& gateway : facts.uplinks.gateways) {
    rule.expressions.push_back(NextHopIsNotIn(Prefix::Of(gateway, gateway.Bits())));
  }
  for (const std::string_view scope : {"169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"}) {
    rule.expressions.push_back(DestinationIsNotIn(*Prefix::Parse(scope)));
  }
  for (const LocalNetwork& network : facts.local_networks.networks) {
    if (network.prefix.address.family != IpFamily::kV4) continue;
    if (network.connected) rule.expressions.push_back(NextHopIsNotIn(network.prefix));
    rule.expressions.push_back(DestinationIsNotIn(network.prefix));
  }
  rule.expressions.push_back(Refuse());
  builder->AddNftRule(kFilterOutput, std::move(rule));
}

void AddPolicy(const Prefix& prefix, PlanBuilder* builder) {
  const IpFamily family = prefix.address.family;
  const uint32_t table = builder->OwnTable();
  if (family == IpFamily::kV4) builder->AddSysctl(kSourceValidMark, "1");
  builder->AddRouteOnce({Route::Type::kUnreachable, prefix, table, kGreatestMetric},
                        /*stays=*/true);
  builder->AddRoute({Route::Type::kInterface, prefix, table, 0});
  // The last rule leaves the own ones out itself; those before it do not.
  builder->LeaveOutDatagrams(family, RuleTurn::kEverythingOwn, RuleTurn::kEverythingEnd,
                             /*own=*/!TunneledServers(family, *builder).empty());
  AddLocalNetworks(family, builder);
  Rule everything{family, builder->PriorityOf(RuleTurn::kEverything), table};
  everything.unless_mark = builder->OwnMark();
  builder->AddRule(everything, /*stays=*/true);
  if (family == IpFamily::kV6) {
    RefuseOtherInterfacesV6(builder);
  } else if (!builder->config().gateway.kill_switch.on) {
    RefuseOtherInterfacesV4(builder);
  }
}

// What a full tunnel of this file does not carry.
void WarnOfOtherTraffic(const std::vector<Prefix>& defaults, PlanBuilder* builder) {
  const HostFacts& facts = builder->facts();
  if (builder->config().gateway.kill_switch.on) return;
  const auto covers = [&defaults](IpFamily family) {
    return std::ranges::any_of(
        defaults, [family](const Prefix& prefix) { return prefix.address.family == family; });
  };
  if (facts.uplinks.v6 && facts.has_ipv6 && !covers(IpFamily::kV6)) {
    builder->Warn(
        "IPv6 traffic leaves this host outside the tunnel: AllowedIPs have 0.0.0.0/0 without ::/0; "
        "add ::/0, or set KillSwitch = on");
  }
  if (facts.uplinks.v4 && !covers(IpFamily::kV4)) {
    builder->Warn(
        "IPv4 traffic leaves this host outside the tunnel: AllowedIPs have ::/0 without 0.0.0.0/0; "
        "add 0.0.0.0/0, or set KillSwitch = on");
  }
  if (!builder->config().dns.servers.empty()) return;
  for (const IpAddress& server : facts.name_servers) {
    const LocalNetwork* const network = facts.local_networks.NetworkOf(server);
    if (network == nullptr) continue;
    builder->Warn(fmt::format(
        "names are looked up outside the tunnel: this host asks {} in the local network {}; set "
        "DNS to a server behind the tunnel",
        server.ToString(), network->prefix.ToString()));
  }
}

}  // namespace

bool IsFullTunnel(const ConfigFile& config) {
  // In a namespace the default route is a route like any other, as the sockets are outside of it.
  if (config.table.kind != RouteTable::Kind::kAuto || HasNamespace(config)) return false;
  if (!config.gateway.route_from.empty()) return false;
  return std::ranges::any_of(AllowedPrefixes(config),
                             [](const Prefix& prefix) { return prefix.length == 0; });
}

void AddMarkFilter(PlanBuilder* builder) {
  const uint32_t own = builder->OwnMark();
  builder->AddNftRule(kRawPrerouting, {{IsUdp(), IsForSocketMarked(own), SetMark(own)}});
  builder->AddNftRule(kRestorePrerouting, {{IsUdp(), ConnectionMarkIs(own), SetMark(own)}});
  builder->AddNftRule(kManglePostrouting, {{IsUdp(), MarkIs(own), MarkConnection(own)}});
  // Their peers' datagrams as well: the kernel would look for the way back in this tunnel.
  for (const Reservation& other : builder->LeftOut()) {
    if (other.udp_port == 0) continue;
    builder->AddNftRule(kRestorePrerouting, {{ArrivesElsewhere(builder->interface()),
                                              PortIs("udp", "dport", other.udp_port),
                                              DestinationIsLocal(), SetMark(own)}});
  }
}

void AddForgeryFilter(PlanBuilder* builder) {
  for (const InterfaceAddress& address : builder->config().addresses) {
    builder->AddNftRule(kRawPrerouting,
                        {{ArrivesElsewhere(builder->interface()), DestinationIs(address.address),
                          SourceIsNotLocal(), Drop()}});
  }
}

Rule LocalRule(const Prefix& network, uint32_t priority) {
  Rule rule{network.address.family, priority, kMainTable};
  rule.destination = network;
  rule.suppress_prefix_length = network.length - 1;
  return rule;
}

void PlanFullTunnel(const std::vector<Prefix>& defaults, PlanBuilder* builder) {
  AddForgeryFilter(builder);
  AddMarkFilter(builder);
  for (const Prefix& prefix : defaults) AddPolicy(prefix, builder);
  WarnOfOtherTraffic(defaults, builder);
  WarnOfOmittedNetworks(builder->facts().local_networks.omitted, builder);
}

}  // namespace ringwire::platform
