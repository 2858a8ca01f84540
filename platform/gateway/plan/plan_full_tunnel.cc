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

// Name servers that a routed network claims: they are the tunnel's. One in a connected network is
// that network's.
std::vector<IpAddress> TunneledServers(IpFamily family, const PlanBuilder& builder) {
  std::vector<IpAddress> servers;
  for (const auto& [address, zone] : builder.config().dns.servers) {
    if (address.family == family && builder.facts().local_networks.IsOnlyRouted(address)) {
      servers.push_back(address);
    }
  }
  return servers;
}

// Everything of the main table but its default route would be more than the local networks: a
// DHCP server can add routes to any address.
void AddLocalNetworks(IpFamily family, PlanBuilder* builder) {
  for (const IpAddress& server : TunneledServers(family, *builder)) {
    Rule rule{family, builder->PriorityOf(RuleTurn::kEverythingPeers), builder->OwnTable()};
    rule.destination = Prefix::Of(server, server.Bits());
    builder->AddRule(rule, /*stays=*/true);
  }
  for (const LocalNetwork& network : builder->facts().local_networks.networks) {
    if (network.prefix.address.family != family) continue;
    builder->AddRule(LocalRule(network.prefix, builder->PriorityOf(RuleTurn::kLocalNetworks)),
                     /*stays=*/true);
  }
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
  WarnOfOmittedNetworks(builder->facts().local_networks.omitted, builder);
}

}  // namespace ringwire::platform
