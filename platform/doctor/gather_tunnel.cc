// The part of gather.h about a configuration.
#include <net/if.h>

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "platform/base/paths.h"
#include "platform/config/config_source.h"
#include "platform/doctor/gather.h"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/host/gather_facts.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/name_servers.h"
#include "platform/names/resolver_client.h"
#include "platform/netlink/route_netlink.h"
#include "platform/udp/port_holder.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {
namespace {

constexpr size_t kNamesMax = 16;

void ReadPort(TunnelFacts* tunnel) {
  const uint16_t port = tunnel->config.listen_port.value_or(0);
  if (port == 0 || tunnel->is_up) return;
  UdpOptions options;
  options.port = port;
  options.workers = 1;
  if (!absl::IsAlreadyExists(OpenUdpSockets(options).status())) return;
  tunnel->port_is_taken = true;
  tunnel->port_holder = HolderOfUdpPort(port);
}

void ReadLocalNetworks(TunnelFacts* tunnel) {
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return;
  const auto routes = netlink->LocalRoutes(::if_nametoindex(tunnel->interface.c_str()));
  if (!routes.ok()) return;
  for (const HostRoute& route : *routes) tunnel->local_networks.push_back(route.prefix);
}

// Returns the endpoints that are addresses, and those of names that were found.
std::vector<std::optional<SocketAddress>> FindEndpoints(TunnelFacts* tunnel) {
  std::vector<std::optional<SocketAddress>> endpoints;
  ResolverClient resolver;
  for (const PeerConfig& peer : tunnel->config.peers) {
    if (!peer.endpoint.has_value()) continue;
    const std::string& host = peer.endpoint->host;
    if (const auto address = NumericAddress(host)) {
      endpoints.push_back(address);
      continue;
    }
    const bool asked =
        std::ranges::any_of(tunnel->names, [&host](const auto& one) { return one.first == host; });
    if (asked || tunnel->names.size() == kNamesMax) continue;
    const auto found = resolver.LookUp({.host = host, .servers = ReadNameServersOfHost()});
    if (found.ok()) endpoints.emplace_back(found->front());
    tunnel->names.emplace_back(host, found.status());
  }
  return endpoints;
}

// The plan that `up` would make. Its MTU is not final before the endpoints are known, which changes
// nothing else.
absl::Status ReadPlan(TunnelFacts* tunnel) {
  ASSIGN_OR_RETURN(const Journal own, Journal::Copy(kStatusDirectory, tunnel->interface));
  ASSIGN_OR_RETURN(const HostFacts facts,
                   GatherFacts(tunnel->interface, tunnel->config, own, kStatusDirectory));
  tunnel->plan = MakePlan(tunnel->interface, tunnel->config, facts);
  tunnel->dns_program = facts.dns_program;
  const auto settings = SysctlsOf(tunnel->plan);
  for (const auto& [path, value] : settings) {
    if (ReadSysctl(path) != value) tunnel->sysctls_to_change.emplace_back(path, value);
  }
  // A namespace of its own has settings of its own, which are writable there.
  if (tunnel->config.gateway.network_namespace.empty()) {
    tunnel->sysctls = CheckSysctlsWritable(settings, tunnel->interface);
  }
  return absl::OkStatus();
}

}  // namespace

TunnelFacts GatherTunnelFacts(const std::string& argument, DoctorFacts* host) {
  ConfigSource source = LoadConfigToRun(argument, KeyFiles::kRead);
  TunnelFacts tunnel;
  tunnel.path = std::move(source.path);
  tunnel.interface = std::move(source.interface_name);
  tunnel.config = std::move(source.config);
  tunnel.errors = std::move(source.errors);
  tunnel.warnings = std::move(source.warnings);
  if (!tunnel.errors.empty()) return tunnel;
  tunnel.is_up = Journal::Owner(kStatusDirectory, tunnel.interface).has_value();
  ReadPort(&tunnel);
  ReadLocalNetworks(&tunnel);
  tunnel.plan_error = ReadPlan(&tunnel);
  tunnel.firewall_warnings =
      FirewallWarnings(tunnel.interface, tunnel.config, ReadFirewallFacts(tunnel.config));
  host->path_mtu = ReadPathMtu(FindEndpoints(&tunnel), tunnel.plan.fwmark, tunnel.interface);
  return tunnel;
}

}  // namespace ringwire::platform
