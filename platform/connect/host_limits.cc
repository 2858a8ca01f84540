#include "platform/connect/host_limits.h"

#include <net/if.h>

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"
#include "platform/netlink/local_networks.h"
#include "platform/netlink/route_netlink.h"

namespace ringwire::platform {

absl::StatusOr<enrol::ClientLimits> ReadHostLimits(const ConfigFile& own,
                                                   const std::string& interface,
                                                   std::span<const InterfaceAddress> of_tunnel) {
  enrol::ClientLimits limits{.routes = own.connect->routes, .takes_dns = own.connect->takes_dns};
  // In a namespace there is nothing but the tunnel.
  if (!own.gateway.network_namespace.empty()) return limits;
  ASSIGN_OR_RETURN(RouteNetlink netlink, RouteNetlink::Open());
  ASSIGN_OR_RETURN(const std::vector<Prefix> addresses, netlink.LocalAddresses());
  for (const Prefix& one : addresses) {
    const bool is_of_tunnel = std::ranges::any_of(
        of_tunnel, [&one](const InterfaceAddress& its) { return its.address == one.address; });
    if (!is_of_tunnel) limits.host_addresses.push_back(one.address);
  }
  ASSIGN_OR_RETURN(const std::vector<HostRoute> routes,
                   netlink.LocalRoutes(::if_nametoindex(interface.c_str())));
  for (const LocalNetwork& network : LocalNetworksOf(routes).networks) {
    if (network.connected) limits.connected.push_back(network.prefix);
  }
  return limits;
}

}  // namespace ringwire::platform
