#include "platform/netlink/network_changes.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include <algorithm>
#include <optional>

#include "platform/netlink/local_networks.h"
#include "platform/netlink/route_message.h"

namespace ringwire::platform {
namespace {

bool Contains(const std::vector<uint32_t>& list, uint32_t one) {
  return std::ranges::find(list, one) != list.end();
}

// Whether it is local if this host has an address in it. The other facts would cost a dump.
bool MayBeLocal(const HostRoute& route) {
  if (route.prefix.length == 0) return false;
  HostRoute with_address = route;
  with_address.has_address = true;
  return IsLocal(route) || IsLocal(with_address);
}

template <typename Removed>
void Note(const Removed& removed, uint32_t port, std::vector<Removed>* list,
          NetworkChanges* changes) {
  changes->port = port;
  if (list->size() < NetworkChanges::kRemovedMax) {
    list->push_back(removed);
  } else {
    changes->lost = true;
  }
}

void AddRoute(nlmsghdr* message, const TunnelObjects& tunnel, NetworkChanges* changes) {
  const std::optional<KernelRoute> route = ParseChangedRoute(message);
  if (!route.has_value() || route->is_cached) return;
  const bool is_own_link =
      route->interface_index != 0 && route->interface_index == tunnel.interface_index;
  if (is_own_link || Contains(tunnel.tables, route->table)) {
    if (message->nlmsg_type != RTM_DELROUTE) return;
    Note({route->prefix, route->table}, message->nlmsg_pid, &changes->routes, changes);
    return;
  }
  if (route->table != RT_TABLE_MAIN || route->type != RTN_UNICAST) return;
  HostRoute seen{route->prefix, route->protocol, route->has_gateway};
  seen.by_tunnel = Contains(tunnel.other_tunnels, route->interface_index);
  // The way out of this host counts as well: kill switches and full tunnels are planned around it.
  if (IsWide(seen.prefix) || MayBeLocal(seen)) changes->local_networks = true;
}

}  // namespace

void AddMessage(nlmsghdr* message, const TunnelObjects& tunnel, NetworkChanges* changes) {
  const auto is_own = [&tunnel](uint32_t index) {
    return index != 0 && index == tunnel.interface_index;
  };
  switch (message->nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return AddRoute(message, tunnel, changes);
    case RTM_DELRULE:
      if (const std::optional<KernelRule> rule = ParseRemovedRule(message); rule.has_value()) {
        Note({rule->family, rule->priority}, message->nlmsg_pid, &changes->rules, changes);
      }
      return;
    case RTM_NEWNETCONF:
      changes->sysctls = true;
      return;
    case RTM_DELADDR:
      if (nlmsg_valid_hdr(message, sizeof(ifaddrmsg)) == 0) return;
      if (!is_own(static_cast<const ifaddrmsg*>(nlmsg_data(message))->ifa_index)) return;
      changes->port = message->nlmsg_pid;
      changes->addresses = true;
      return;
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (nlmsg_valid_hdr(message, sizeof(ifinfomsg)) == 0) return;
      if (is_own(static_cast<uint32_t>(
              static_cast<const ifinfomsg*>(nlmsg_data(message))->ifi_index))) {
        changes->link = true;
      } else {
        changes->local_networks = true;
      }
      return;
    default:
      return;
  }
}

}  // namespace ringwire::platform
