#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status_macros.h"
#include "core/config/gateway_config.h"
#include "platform/netlink/route_message.h"
#include "platform/netlink/route_netlink.h"

// The networks and addresses of this host, and the routes out of them.
namespace ringwire::platform {
namespace {

// Far above the number of local networks or addresses; a router may have a million routes.
constexpr size_t kRoutesMax = 4096;

// nullopt: it refuses packets, or duplicates another one.
std::optional<RouteNetlink::TableRoute> ReadTableRoute(nlmsghdr* message) {
  const std::optional<KernelRoute> found = ParseRoute(message);
  if (!found.has_value() || found->table == RT_TABLE_UNSPEC || found->type != RTN_UNICAST ||
      found->is_cached) {
    return std::nullopt;
  }
  HostRoute route{found->prefix, found->protocol};
  route.has_gateway = found->has_gateway;
  return RouteNetlink::TableRoute{route, found->table, found->interface_index};
}

bool IsOfThisHost(const RouteNetlink::TableRoute& found,
                  std::span<const RouteNetlink::LinkAddress> addresses) {
  return !found.route.has_gateway &&
         std::ranges::any_of(addresses, [&found](const RouteNetlink::LinkAddress& own) {
           return own.link == found.link && found.route.prefix.Contains(own.address);
         });
}

}  // namespace

absl::StatusOr<std::vector<RouteNetlink::LinkAddress>> RouteNetlink::OwnAddresses() {
  std::vector<LinkAddress> addresses;
  const absl::Status status = Dump(
      RTM_GETADDR,
      [&addresses](nlmsghdr* message) {
        std::array<nlattr*, IFA_MAX + 1> attributes{};
        if (nlmsg_parse(message, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0)
          return;
        const auto* const header = static_cast<const ifaddrmsg*>(nlmsg_data(message));
        for (const int type : {IFA_LOCAL, IFA_ADDRESS}) {
          const std::optional<IpAddress> address =
              AddressIn(attributes[static_cast<size_t>(type)], header->ifa_family);
          if (address.has_value()) addresses.push_back({header->ifa_index, *address});
        }
      },
      sizeof(ifaddrmsg));
  if (!status.ok()) return status;
  return addresses;
}

absl::StatusOr<std::vector<HostRoute>> RouteNetlink::LocalRoutes(uint32_t but) {
  ASSIGN_OR_RETURN(std::vector<uint32_t> tunnels, TunnelLinks());
  ASSIGN_OR_RETURN(std::vector<LinkAddress> addresses, OwnAddresses());
  std::vector<HostRoute> routes;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    std::optional<TableRoute> found = ReadTableRoute(message);
    if (!found.has_value() || found->table != kMainTable || found->route.prefix.length == 0) return;
    if (found->link != 0 && found->link == but) return;
    found->route.has_address = IsOfThisHost(*found, addresses);
    found->route.by_tunnel = std::ranges::find(tunnels, found->link) != tunnels.end();
    if (IsLocal(found->route) && routes.size() < kRoutesMax) routes.push_back(found->route);
  });
  if (!status.ok()) return status;
  return routes;
}

absl::StatusOr<std::vector<Prefix>> RouteNetlink::RoutesByHand(uint32_t but) {
  std::vector<Prefix> prefixes;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<TableRoute> found = ReadTableRoute(message);
    if (!found.has_value() || found->table != kMainTable || found->route.prefix.length == 0) return;
    if (found->link != 0 && found->link == but) return;
    if (IsByHand(found->route) && prefixes.size() < kRoutesMax) {
      prefixes.push_back(found->route.prefix);
    }
  });
  if (!status.ok()) return status;
  std::ranges::sort(prefixes);
  return prefixes;
}

absl::StatusOr<std::vector<RouteNetlink::TableRoute>> RouteNetlink::WorldRoutes() {
  ASSIGN_OR_RETURN(const RuleNumbers rules, Rules());
  ASSIGN_OR_RETURN(const std::vector<LinkAddress> addresses, OwnAddresses());
  std::vector<TableRoute> routes;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    std::optional<TableRoute> found = ReadTableRoute(message);
    if (!found.has_value()) return;
    found->route.has_address = IsOfThisHost(*found, addresses);
    if (!IsToWorld(found->route) || routes.size() >= kRoutesMax) return;
    if (std::ranges::find(rules.tables, found->table) == rules.tables.end()) return;
    routes.push_back(*found);
  });
  if (!status.ok()) return status;
  return routes;
}

absl::StatusOr<std::vector<Prefix>> RouteNetlink::LocalAddresses() {
  std::vector<Prefix> addresses;
  const std::array<std::optional<Prefix>, 2> loopback = {Prefix::Parse("127.0.0.0/8"),
                                                         Prefix::Parse("::1/128")};
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (!route.has_value() || route->type != RTN_LOCAL || route->prefix.length == 0) return;
    if (addresses.size() == kRoutesMax) return;
    const bool is_loopback = std::ranges::any_of(
        loopback, [&route](const auto& one) { return one->Contains(route->prefix.address); });
    if (!is_loopback) addresses.push_back(route->prefix);
  });
  if (!status.ok()) return status;
  return addresses;
}

}  // namespace ringwire::platform
