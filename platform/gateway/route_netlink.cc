#include "platform/gateway/route_netlink.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <array>
#include <string>

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

// What the kernel answers when there is nothing to remove: no such route or rule, table, device or
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
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE, which has room for all of them, says it
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
  header.action = FR_ACT_TO_TBL;
  header.table = RT_TABLE_UNSPEC;
  if (rule.unless_mark.has_value()) header.flags = FIB_RULE_INVERT;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put_u32(message.get(), FRA_TABLE, rule.table);
  nla_put_u32(message.get(), FRA_PRIORITY, rule.priority);
  if (rule.unless_mark.has_value()) {
    nla_put_u32(message.get(), FRA_FWMARK, *rule.unless_mark);
    nla_put_u32(message.get(), FRA_FWMASK, UINT32_MAX);
  }
  if (rule.suppress_prefix_length.has_value()) {
    nla_put_u32(message.get(), FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  }
  return message;
}

// The kernel's answer to one change: 0, or a negative libnl error.
int Send(nl_sock* socket, Message message) { return nl_send_sync(socket, message.release()); }

}  // namespace

void RouteNetlink::CloseSocket::operator()(nl_sock* socket) const { nl_socket_free(socket); }

absl::StatusOr<RouteNetlink> RouteNetlink::Open() {
  RouteNetlink netlink(nl_socket_alloc());
  if (netlink.socket_ == nullptr) return absl::ResourceExhaustedError("open a netlink socket");
  const int result = nl_connect(netlink.socket_.get(), NETLINK_ROUTE);
  if (result < 0) return NetlinkError(result, "open a netlink socket");
  return netlink;
}

absl::StatusOr<bool> RouteNetlink::AddRoute(const Route& route, uint32_t interface_index) {
  const int result = Send(
      socket_.get(), RouteMessage(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, interface_index));
  if (result >= 0) return true;
  if (result == -NLE_EXIST) return false;
  return NetlinkError(result, Describe(platform::AddRoute{route}));
}

absl::Status RouteNetlink::RemoveRoute(const Route& route, uint32_t interface_index) {
  const int result = Send(socket_.get(), RouteMessage(RTM_DELROUTE, 0, route, interface_index));
  if (result >= 0 || IsAbsent(result)) return absl::OkStatus();
  return NetlinkError(result, Describe(platform::RemoveRoute{route}));
}

absl::StatusOr<bool> RouteNetlink::AddRule(const Rule& rule) {
  const int result = Send(socket_.get(), RuleMessage(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule));
  if (result >= 0) return true;
  if (result == -NLE_EXIST) return false;
  return NetlinkError(result, Describe(platform::AddRule{rule}));
}

absl::Status RouteNetlink::RemoveRule(const Rule& rule) {
  const int result = Send(socket_.get(), RuleMessage(RTM_DELRULE, 0, rule));
  if (result >= 0 || IsAbsent(result)) return absl::OkStatus();
  return NetlinkError(result, Describe(platform::RemoveRule{rule}));
}

absl::Status RouteNetlink::Dump(int type, const Visitor& visit) {
  // rtgenmsg would do, but for strict kernels the header has to be the whole one; both kinds have
  // the same size.
  static_assert(sizeof(rtmsg) == sizeof(fib_rule_hdr));
  for (const uint8_t family : {uint8_t{AF_INET}, uint8_t{AF_INET6}}) {
    rtmsg request{};
    request.rtm_family = family;
    nl_socket_modify_cb(
        socket_.get(), NL_CB_VALID, NL_CB_CUSTOM,
        [](nl_msg* message, void* visitor) {
          (*static_cast<const Visitor*>(visitor))(nlmsg_hdr(message));
          return static_cast<int>(NL_OK);
        },
        const_cast<Visitor*>(&visit));
    int result = nl_send_simple(socket_.get(), type, NLM_F_DUMP, &request, sizeof(request));
    if (result >= 0) result = nl_recvmsgs_default(socket_.get());
    nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_DEFAULT, nullptr, nullptr);
    // A host without IPv6 has none of them.
    if (result < 0 && !(family == AF_INET6 && IsAbsent(result))) {
      return NetlinkError(result, "list routes and rules");
    }
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
    // Routes come a table at a time; a million of them are one entry.
    if (tables.empty() || tables.back() != table) tables.push_back(table);
  });
  if (!status.ok()) return status;
  return tables;
}

absl::StatusOr<std::vector<uint32_t>> RouteNetlink::RulePriorities() {
  std::vector<uint32_t> priorities;
  const absl::Status status = Dump(RTM_GETRULE, [&priorities](nlmsghdr* message) {
    std::array<nlattr*, FRA_MAX + 1> attributes{};
    if (nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) return;
    // The rule of priority 0 doesn't say so.
    priorities.push_back(
        attributes[FRA_PRIORITY] == nullptr ? 0 : nla_get_u32(attributes[FRA_PRIORITY]));
  });
  if (!status.ok()) return status;
  return priorities;
}

}  // namespace ringwire::platform
