#include "platform/netlink/route_netlink.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/config/gateway_config.h"
#include "fmt/format.h"
#include "platform/netlink/route_message.h"

namespace ringwire::platform {
namespace {

// The kernel's errors if there is nothing to remove: no such route or rule, table, device or
// address family.
bool IsAbsent(int result) {
  return result == -NLE_OBJ_NOTFOUND || result == -NLE_NODEV || result == -NLE_NOADDR ||
         result == -NLE_AF_NOSUPPORT;
}

bool LeadsSomewhere(const KernelRoute& route) {
  return route.type == RTN_UNICAST || route.type == RTN_LOCAL;
}

RouteNetlink::Way WayOf(const KernelRoute& route) { return {route.interface_index, route.mtu}; }

// The kernel's answer to one change: 0, or a negative libnl error.
int Send(NetlinkSocket* socket, NetlinkMessage message) {
  return socket->Request([&message](nl_sock* to) { return nl_send_sync(to, message.release()); });
}

}  // namespace

absl::StatusOr<RouteNetlink> RouteNetlink::Open() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::Open());
  return RouteNetlink(std::move(socket));
}

absl::StatusOr<bool> RouteNetlink::AddRoute(const Route& route, uint32_t interface_index) {
  int result =
      Send(&socket_, RouteMessage(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, interface_index));
  if (result >= 0) return true;
  if (result != -NLE_EXIST) return NetlinkError(result, DescribeAdd(route));
  // The kernel compares prefix and metric. With NLM_F_APPEND it accepts a second route for the
  // prefix, but traffic keeps to the first. Keep ours only if the first also leads to our
  // interface: an address brought that one along, and it may go with the address.
  result = Send(&socket_,
                RouteMessage(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, route, interface_index));
  if (result == -NLE_EXIST) return false;
  // The existing route may be this one, which refuses packets.
  if (result < 0) return NetlinkError(result, DescribeAdd(route));
  const absl::StatusOr<bool> all_lead_here = AllLeadTo(interface_index, route);
  if (all_lead_here.ok() && *all_lead_here) return true;
  RETURN_IF_ERROR(RemoveRoute(route, interface_index));
  return absl::AlreadyExistsError(fmt::format(
      "{}: there is another one, which traffic would take (`ip{} route show table {} {}` "
      "names it; remove it, or leave the prefix out of AllowedIPs, or give the tunnel a "
      "Table of its own)",
      DescribeAdd(route), route.prefix.address.family == IpFamily::kV6 ? " -6" : "", route.table,
      route.prefix.ToString()));
}

// Searches the routes that the kernel considers equal to `like`. For IPv6 none is as good as ours:
// routes of addresses have another metric.
absl::StatusOr<bool> RouteNetlink::AllLeadTo(uint32_t interface_index, const Route& like) {
  if (like.type != Route::Type::kInterface || like.prefix.address.family != IpFamily::kV4) {
    return false;
  }
  bool all = true;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (route.has_value() && route->prefix == like.prefix && route->table == like.table &&
        route->metric == like.metric) {
      all = all && route->interface_index == interface_index;
    }
  });
  if (!status.ok()) return status;
  return all;
}

absl::Status RouteNetlink::RemoveRoute(const Route& route, uint32_t interface_index) {
  const int result = Send(&socket_, RouteMessage(RTM_DELROUTE, 0, route, interface_index));
  if (result >= 0 || IsAbsent(result)) return absl::OkStatus();
  return NetlinkError(result, DescribeRemove(route));
}

absl::StatusOr<bool> RouteNetlink::AddRule(const Rule& rule) {
  const int result = Send(&socket_, RuleMessage(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule));
  if (result >= 0) return true;
  if (result == -NLE_EXIST) return false;
  return NetlinkError(result, DescribeAdd(rule));
}

absl::Status RouteNetlink::RemoveRule(const Rule& rule) {
  const int result = Send(&socket_, RuleMessage(RTM_DELRULE, 0, rule));
  if (result >= 0 || IsAbsent(result)) return absl::OkStatus();
  return NetlinkError(result, DescribeRemove(rule));
}

void RouteNetlink::Listen(const Visitor* visit) {
  if (visit == nullptr) {
    nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_DEFAULT, nullptr, nullptr);
    return;
  }
  nl_socket_modify_cb(
      socket_.get(), NL_CB_VALID, NL_CB_CUSTOM,
      [](nl_msg* message, void* visitor) {
        (*static_cast<const Visitor*>(visitor))(nlmsg_hdr(message));
        return static_cast<int>(NL_OK);
      },
      const_cast<Visitor*>(visit));
}

absl::Status RouteNetlink::DumpFamily(int type, std::span<uint8_t> header, const Visitor& visit) {
  Listen(&visit);
  const int result = socket_.Request([type, header](nl_sock* socket) {
    const int sent = nl_send_simple(socket, type, NLM_F_DUMP, header.data(), header.size());
    return sent < 0 ? sent : nl_recvmsgs_default(socket);
  });
  Listen(nullptr);
  // A host without IPv6 has none of them.
  if (result < 0 && !(header[0] == AF_INET6 && IsAbsent(result))) {
    return NetlinkError(result, "list links, routes and rules");
  }
  return absl::OkStatus();
}

absl::Status RouteNetlink::Dump(int type, const Visitor& visit, size_t header_size) {
  // rtgenmsg would be enough, but strict kernels need the full header; all kinds begin with the
  // family.
  std::array<uint8_t, kRouteHeaderSize> header{};
  static_assert(sizeof(rtmsg) == kRouteHeaderSize && sizeof(fib_rule_hdr) == kRouteHeaderSize);
  for (const uint8_t family : {uint8_t{AF_INET}, uint8_t{AF_INET6}}) {
    header[0] = family;
    RETURN_IF_ERROR(DumpFamily(type, std::span(header).first(header_size), visit));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint32_t>> RouteNetlink::TablesInUse() {
  std::vector<uint32_t> tables;
  const absl::Status status = Dump(RTM_GETROUTE, [&tables](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (!route.has_value() || route->table == RT_TABLE_UNSPEC) return;
    // Routes come table by table, so a million of them make one entry.
    if (tables.empty() || tables.back() != route->table) tables.push_back(route->table);
  });
  if (!status.ok()) return status;
  return tables;
}

absl::StatusOr<std::vector<Route>> RouteNetlink::RefusingRoutes() {
  std::map<std::pair<IpFamily, uint32_t>, std::vector<Route>> tables;  // empty: it has others
  const absl::Status status = Dump(RTM_GETROUTE, [&tables](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (!route.has_value() || route->table == RT_TABLE_UNSPEC) return;
    const bool is_ours = route->type == RTN_UNREACHABLE && route->protocol == RTPROT_BOOT &&
                         route->metric == kGreatestMetric;
    const auto [table, is_first] = tables.try_emplace({route->prefix.address.family, route->table});
    if (!is_ours) {
      table->second.clear();
    } else if (is_first || !table->second.empty()) {
      table->second.push_back(
          {Route::Type::kUnreachable, route->prefix, route->table, kGreatestMetric});
    }
  });
  if (!status.ok()) return status;
  std::vector<Route> routes;
  for (auto& [key, all] : tables) routes.insert(routes.end(), all.begin(), all.end());
  return routes;
}

absl::StatusOr<std::vector<RouteNetlink::Table>> RouteNetlink::RefusingTables() {
  ASSIGN_OR_RETURN(const std::vector<Route> routes, RefusingRoutes());
  std::vector<Table> tables;
  for (const Route& route : routes) {
    const Table table{route.prefix.address.family, route.table};
    if (tables.empty() || tables.back().family != table.family ||
        tables.back().number != table.number) {
      tables.push_back(table);
    }
  }
  return tables;
}

absl::StatusOr<std::vector<Rule>> RouteNetlink::OwnRules() {
  std::vector<Rule> rules;
  const absl::Status status = Dump(RTM_GETRULE, [&rules](nlmsghdr* message) {
    const std::optional<Rule> rule = ParseOwnRule(message);
    if (rule.has_value()) rules.push_back(*rule);
  });
  if (!status.ok()) return status;
  return rules;
}

absl::StatusOr<RouteNetlink::RuleNumbers> RouteNetlink::Rules() {
  RuleNumbers numbers;
  const absl::Status status = Dump(RTM_GETRULE, [&numbers](nlmsghdr* message) {
    const std::optional<KernelRule> rule = ParseRule(message);
    if (!rule.has_value()) return;
    numbers.priorities.push_back(rule->priority);
    numbers.tables.push_back(rule->table);
    numbers.marks.push_back(rule->fwmark);
    if (rule->is_all_local) numbers.local.push_back(rule->priority);
  });
  if (!status.ok()) return status;
  return numbers;
}

absl::StatusOr<RouteNetlink::Way> RouteNetlink::WayTo(const SocketAddress& to, uint32_t fwmark) {
  const NetlinkMessage request =
      RouteQuestionMessage({.to = to.address,
                            .interface_index = to.scope_id,
                            .datagram = {{.to_port = to.port, .fwmark = fwmark}}});
  Way way;
  const Visitor visit = [&way](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (route.has_value() && LeadsSomewhere(*route)) way = WayOf(*route);
  };
  Listen(&visit);
  const int result = socket_.Request([&request](nl_sock* socket) {
    int step = nl_send_auto(socket, request.get());
    if (step >= 0) step = nl_recvmsgs_default(socket);
    return step < 0 ? step : nl_wait_for_ack(socket);
  });
  Listen(nullptr);
  if (result < 0) return NetlinkError(result, "find a route to " + to.ToString());
  if (way.interface_index == 0) return absl::NotFoundError("no route to " + to.ToString());
  return way;
}

absl::StatusOr<std::vector<RouteNetlink::Way>> RouteNetlink::DefaultWays(uint32_t except) {
  std::optional<KernelRoute> best_v4;
  std::optional<KernelRoute> best_v6;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (!route.has_value() || route->type != RTN_UNICAST || route->prefix.length != 0 ||
        route->table != kMainTable || route->interface_index == 0 ||
        route->interface_index == except) {
      return;
    }
    const bool is_v4 = route->prefix.address.family == IpFamily::kV4;
    std::optional<KernelRoute>& best = is_v4 ? best_v4 : best_v6;
    if (!best.has_value() || route->metric < best->metric) best = route;
  });
  if (!status.ok()) return status;
  std::vector<Way> ways;
  if (best_v4.has_value()) ways.push_back(WayOf(*best_v4));
  if (best_v6.has_value()) ways.push_back(WayOf(*best_v6));
  return ways;
}

absl::StatusOr<Uplinks> RouteNetlink::DefaultRoutes(uint32_t except) {
  Uplinks uplinks;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<KernelRoute> route = ParseRoute(message);
    if (!route.has_value() || route->type != RTN_UNICAST || route->prefix.length != 0 ||
        route->table != kMainTable || (except != 0 && route->interface_index == except)) {
      return;
    }
    if (route->prefix.address.family == IpFamily::kV6) {
      uplinks.v6 = true;
      return;
    }
    uplinks.v4 = true;
    if (!route->gateway.has_value()) uplinks.v4_without_gateway = true;
    if (route->gateway.has_value() && uplinks.gateways.size() < kGatewaysMax) {
      uplinks.gateways.push_back(*route->gateway);
    }
  });
  if (!status.ok()) return status;
  std::ranges::sort(uplinks.gateways);
  const auto repeated = std::ranges::unique(uplinks.gateways);
  uplinks.gateways.erase(repeated.begin(), repeated.end());
  return uplinks;
}

}  // namespace ringwire::platform
