#include "platform/gateway/plan/plan_routes.h"

#include <algorithm>

#include "platform/gateway/plan/plan_full_tunnel.h"
#include "platform/gateway/plan/plan_sources.h"

namespace ringwire::platform {
namespace {

// Whether the interface's own address brings the route along.
bool IsConnected(const ConfigFile& config, const Prefix& prefix) {
  return std::ranges::any_of(config.addresses, [&prefix](const InterfaceAddress& address) {
    return address.address.family == prefix.address.family && address.length <= prefix.length &&
           Prefix::Of(address.address, address.length).Contains(prefix.address);
  });
}

std::vector<Prefix> RoutedPrefixes(PlanBuilder* builder) {
  std::vector<Prefix> prefixes = AllowedPrefixes(builder->config());
  if (builder->facts().has_ipv6) return prefixes;
  const size_t removed = std::erase_if(
      prefixes, [](const Prefix& prefix) { return prefix.address.family == IpFamily::kV6; });
  if (removed > 0) builder->Warn("this host has no IPv6: routes to IPv6 AllowedIPs are left out");
  return prefixes;
}

}  // namespace

void PlanRoutes(PlanBuilder* builder) {
  const RouteTable& wanted = builder->config().table;
  if (wanted.kind == RouteTable::Kind::kOff) return;
  if (!builder->config().gateway.route_from.empty()) {
    PlanSources(RoutedPrefixes(builder), builder);
    return;
  }
  const bool automatic = wanted.kind == RouteTable::Kind::kAuto;
  const bool by_policy = IsFullTunnel(builder->config());
  const uint32_t table = automatic ? kMainTable : wanted.number;
  std::vector<Prefix> defaults;
  for (const Prefix& prefix : RoutedPrefixes(builder)) {
    if (by_policy && prefix.length == 0) {
      defaults.push_back(prefix);
    } else if (table != kMainTable || !IsConnected(builder->config(), prefix)) {
      builder->AddRoute({Route::Type::kInterface, prefix, table, 0});
    }
  }
  if (!defaults.empty()) PlanFullTunnel(defaults, builder);
}

}  // namespace ringwire::platform
