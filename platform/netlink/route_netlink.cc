#include "platform/netlink/route_netlink.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/config/gateway_config.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;

uint8_t SystemFamily(IpFamily family) { return family == IpFamily::kV4 ? AF_INET : AF_INET6; }

absl::Status NetlinkError(int result, const std::string& tried) {
  std::string text = fmt::format("{}: {}", tried, nl_geterror(-result));
  if (result == -NLE_PERM || result == -NLE_NOACCESS) {
    return absl::PermissionDeniedError(text + " (run as root, or grant CAP_NET_ADMIN)");
  }
  return absl::InternalError(text);
}

// The kernel's errors if there is nothing to remove: no such route or rule, table, device or
// address family.
bool IsAbsent(int result) {
  return result == -NLE_OBJ_NOTFOUND || result == -NLE_NODEV || result == -NLE_NOADDR ||
         result == -NLE_AF_NOSUPPORT;
}

Message RouteMessage(int type, int flags, const Route& route, uint32_t interface_index) {
  Message message(nlmsg_alloc_simple(type, flags));
  const IpAddress& address = route.prefix.address;
  const bool unreachable = route.type == Route::Type::kUnreachable;
  rtmsg header{};
  header.rtm_family = SystemFamily(address.family);
  header.rtm_dst_len = route.prefix.length;
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE has the number, in full range
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = unreachable ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(message.get(), RTA_DST, address.Bits() / 8, address.bytes.data());
  nla_put_u32(message.get(), RTA_TABLE, route.table);
  if (!unreachable) nla_put_u32(message.get(), RTA_OIF, interface_index);
  if (route.metric != 0) nla_put_u32(message.get(), RTA_PRIORITY, route.metric);
  return message;
}

Message RuleMessage(int type, int flags, const Rule& rule) {
  Message message(nlmsg_alloc_simple(type, flags));
  fib_rule_hdr header{};
  header.family = SystemFamily(rule.family);
  header.action = rule.go_to.has_value() ? FR_ACT_GOTO
                  : rule.table == 0      ? FR_ACT_NOP
                                         : FR_ACT_TO_TBL;
  header.table = RT_TABLE_UNSPEC;
  if (rule.unless_mark.has_value()) header.flags = FIB_RULE_INVERT;
  if (rule.source.has_value()) header.src_len = rule.source->length;
  if (rule.destination.has_value()) header.dst_len = rule.destination->length;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  if (rule.table != 0) nla_put_u32(message.get(), FRA_TABLE, rule.table);
  if (rule.go_to.has_value()) nla_put_u32(message.get(), FRA_GOTO, *rule.go_to);
  nla_put_u32(message.get(), FRA_PRIORITY, rule.priority);
  for (const auto& [type_of, prefix] :
       {std::pair(FRA_SRC, rule.source), std::pair(FRA_DST, rule.destination)}) {
    if (!prefix.has_value()) continue;
    nla_put(message.get(), type_of, prefix->address.Bits() / 8, prefix->address.bytes.data());
  }
  const std::optional<uint32_t> mark =
      rule.unless_mark.has_value() ? rule.unless_mark : rule.if_mark;
  if (mark.has_value()) {
    nla_put_u32(message.get(), FRA_FWMARK, *mark);
    nla_put_u32(message.get(), FRA_FWMASK, UINT32_MAX);
  }
  if (rule.suppress_prefix_length.has_value()) {
    nla_put_u32(message.get(), FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  }
  return message;
}

struct FoundRoute {
  RouteNetlink::Way way;
  bool is_v4 = false;
  bool is_default = false;  // of the main table
  uint32_t metric = 0;
};

// nullopt: the route refuses packets.
std::optional<FoundRoute> ReadRoute(nlmsghdr* message) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWROUTE ||
      nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto number = [](nlattr* attribute) {
    return attribute == nullptr ? 0 : nla_get_u32(attribute);
  };
  const auto* const header = static_cast<const rtmsg*>(nlmsg_data(message));
  if (header->rtm_type != RTN_UNICAST && header->rtm_type != RTN_LOCAL) return std::nullopt;
  FoundRoute route;
  route.is_v4 = header->rtm_family == AF_INET;
  route.is_default = header->rtm_dst_len == 0 && header->rtm_type == RTN_UNICAST &&
                     number(attributes[RTA_TABLE]) == kMainTable;
  route.metric = number(attributes[RTA_PRIORITY]);
  route.way.interface_index = number(attributes[RTA_OIF]);
  if (attributes[RTA_METRICS] != nullptr) {
    std::array<nlattr*, RTAX_MAX + 1> metrics{};
    nla_parse_nested(metrics.data(), RTAX_MAX, attributes[RTA_METRICS], nullptr);
    route.way.mtu = number(metrics[RTAX_MTU]);
  }
  return route;
}

// The kernel's answer to one change: 0, or a negative libnl error.
int Send(NetlinkSocket* socket, Message message) {
  return socket->Request([&message](nl_sock* to) { return nl_send_sync(to, message.release()); });
}

}  // namespace

absl::StatusOr<RouteNetlink> RouteNetlink::Open() {
  absl::StatusOr<NetlinkSocket> socket = NetlinkSocket::Open();
  if (!socket.ok()) return socket.status();
  return RouteNetlink(*std::move(socket));
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
  const absl::Status removed = RemoveRoute(route, interface_index);
  if (!removed.ok()) return removed;
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
  const IpAddress& address = like.prefix.address;
  if (like.type != Route::Type::kInterface || address.family != IpFamily::kV4) return false;
  bool all = true;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return;
    const auto number = [&attributes](int type) {
      const nlattr* const attribute = attributes[static_cast<size_t>(type)];
      return attribute == nullptr ? 0 : nla_get_u32(attribute);
    };
    const auto* const header = static_cast<const rtmsg*>(nlmsg_data(message));
    if (header->rtm_family != AF_INET || header->rtm_dst_len != like.prefix.length ||
        number(RTA_TABLE) != like.table) {
      return;
    }
    const nlattr* const destination = attributes[RTA_DST];  // absent: any
    const bool is_same = destination == nullptr
                             ? like.prefix.length == 0
                             : std::memcmp(nla_data(destination), address.bytes.data(),
                                           static_cast<size_t>(address.Bits()) / 8) == 0;
    if (is_same && number(RTA_PRIORITY) == like.metric) {
      all = all && number(RTA_OIF) == interface_index;
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
    const absl::Status status = DumpFamily(type, std::span(header).first(header_size), visit);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint32_t>> RouteNetlink::TablesInUse() {
  std::vector<uint32_t> tables;
  const absl::Status status = Dump(RTM_GETROUTE, [&tables](nlmsghdr* message) {
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return;
    if (attributes[RTA_TABLE] == nullptr) return;
    const uint32_t table = nla_get_u32(attributes[RTA_TABLE]);
    // Routes come table by table, so a million of them make one entry.
    if (tables.empty() || tables.back() != table) tables.push_back(table);
  });
  if (!status.ok()) return status;
  return tables;
}

absl::StatusOr<std::vector<RouteNetlink::Table>> RouteNetlink::RefusingTables() {
  std::map<std::pair<uint8_t, uint32_t>, bool> refuses;  // by family and table
  const absl::Status status = Dump(RTM_GETROUTE, [&refuses](nlmsghdr* message) {
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return;
    if (attributes[RTA_TABLE] == nullptr) return;
    const auto* const header = static_cast<const rtmsg*>(nlmsg_data(message));
    const nlattr* const metric = attributes[RTA_PRIORITY];
    const bool is_ours = header->rtm_type == RTN_UNREACHABLE &&
                         header->rtm_protocol == RTPROT_BOOT && metric != nullptr &&
                         nla_get_u32(metric) == kGreatestMetric;
    const auto [table, is_first] =
        refuses.try_emplace({header->rtm_family, nla_get_u32(attributes[RTA_TABLE])}, is_ours);
    if (!is_first && !is_ours) table->second = false;
  });
  if (!status.ok()) return status;
  std::vector<Table> tables;
  for (const auto& [key, all] : refuses) {
    const IpFamily family = key.first == AF_INET ? IpFamily::kV4 : IpFamily::kV6;
    if (all) tables.push_back({family, key.second});
  }
  return tables;
}

absl::StatusOr<RouteNetlink::RuleNumbers> RouteNetlink::Rules() {
  RuleNumbers numbers;
  const absl::Status status = Dump(RTM_GETRULE, [&numbers](nlmsghdr* message) {
    std::array<nlattr*, FRA_MAX + 1> attributes{};
    if (nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) return;
    const auto number = [&attributes](int type) {
      const nlattr* const attribute = attributes[static_cast<size_t>(type)];
      return attribute == nullptr ? 0 : nla_get_u32(attribute);
    };
    // The kernel omits priority 0.
    numbers.priorities.push_back(number(FRA_PRIORITY));
    numbers.tables.push_back(number(FRA_TABLE));
    numbers.marks.push_back(number(FRA_FWMARK));
  });
  if (!status.ok()) return status;
  return numbers;
}

absl::StatusOr<RouteNetlink::Way> RouteNetlink::WayTo(const SocketAddress& to, uint32_t fwmark) {
  Message request(nlmsg_alloc_simple(RTM_GETROUTE, 0));
  rtmsg header{};
  header.rtm_family = SystemFamily(to.address.family);
  header.rtm_dst_len = static_cast<uint8_t>(to.address.Bits());
  nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(request.get(), RTA_DST, to.address.Bits() / 8, to.address.bytes.data());
  if (to.scope_id != 0) nla_put_u32(request.get(), RTA_OIF, to.scope_id);
  nla_put_u32(request.get(), RTA_MARK, fwmark);
  nla_put_u8(request.get(), RTA_IP_PROTO, IPPROTO_UDP);
  nla_put_u16(request.get(), RTA_DPORT, htons(to.port));
  Way way;
  const Visitor visit = [&way](nlmsghdr* message) {
    const std::optional<FoundRoute> route = ReadRoute(message);
    if (route.has_value()) way = route->way;
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
  std::optional<FoundRoute> best_v4;
  std::optional<FoundRoute> best_v6;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<FoundRoute> route = ReadRoute(message);
    if (!route.has_value() || !route->is_default || route->way.interface_index == 0 ||
        route->way.interface_index == except) {
      return;
    }
    std::optional<FoundRoute>& best = route->is_v4 ? best_v4 : best_v6;
    if (!best.has_value() || route->metric < best->metric) best = route;
  });
  if (!status.ok()) return status;
  std::vector<Way> ways;
  if (best_v4.has_value()) ways.push_back(best_v4->way);
  if (best_v6.has_value()) ways.push_back(best_v6->way);
  return ways;
}

}  // namespace ringwire::platform
