#include "platform/netlink/route_message.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ringwire::platform {
namespace {

template <size_t Size>
uint32_t NumberIn(const std::array<nlattr*, Size>& attributes, size_t type) {
  return attributes[type] == nullptr ? 0 : nla_get_u32(attributes[type]);
}

void PutAddress(const NetlinkMessage& message, int type, const IpAddress& address) {
  nla_put(message.get(), type, address.Bits() / 8, address.bytes.data());
}

using RuleAttributes = std::array<nlattr*, FRA_MAX + 1>;

std::optional<RuleAttributes> ParseRuleAttributes(nlmsghdr* message) {
  RuleAttributes attributes{};
  if (nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  return attributes;
}

std::optional<Prefix> PrefixIn(const nlattr* attribute, uint8_t system_family, uint8_t length) {
  const std::optional<IpAddress> address = AddressIn(attribute, system_family);
  return address.has_value() ? std::optional(Prefix::Of(*address, length)) : std::nullopt;
}

// As far as a Rule can say it.
Rule ReadRule(const fib_rule_hdr& header, const RuleAttributes& attributes) {
  Rule rule;
  rule.family = header.family == AF_INET ? IpFamily::kV4 : IpFamily::kV6;
  rule.priority = NumberIn(attributes, FRA_PRIORITY);
  rule.table = NumberIn(attributes, FRA_TABLE);
  rule.refuses = header.action == FR_ACT_UNREACHABLE;
  const bool inverts = (header.flags & FIB_RULE_INVERT) != 0;
  if (attributes[FRA_FWMARK] != nullptr) {
    (inverts ? rule.unless_mark : rule.if_mark) = NumberIn(attributes, FRA_FWMARK);
  }
  if (attributes[FRA_GOTO] != nullptr) rule.go_to = NumberIn(attributes, FRA_GOTO);
  // The kernel says -1 where there is none.
  const uint32_t suppressed = NumberIn(attributes, FRA_SUPPRESS_PREFIXLEN);
  if (attributes[FRA_SUPPRESS_PREFIXLEN] != nullptr && suppressed != UINT32_MAX) {
    rule.suppress_prefix_length = suppressed;
  }
  rule.source = PrefixIn(attributes[FRA_SRC], header.family, header.src_len);
  rule.destination = PrefixIn(attributes[FRA_DST], header.family, header.dst_len);
  if (const nlattr* const ports = attributes[FRA_SPORT_RANGE]) {
    rule.own_udp_port = static_cast<const fib_rule_port_range*>(nla_data(ports))->start;
  }
  return rule;
}

bool HaveSameSelectors(const RuleAttributes& theirs, const RuleAttributes& ours) {
  constexpr std::array<size_t, 13> kSelectors = {
      FRA_IIFNAME,     FRA_OIFNAME,     FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO,
      FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_TUN_ID, FRA_FLOW,      FRA_SUPPRESS_IFGROUP,
      FRA_FWMARK,      FRA_FWMASK,      FRA_GOTO};
  return std::ranges::all_of(kSelectors, [&](size_t type) {
    const nlattr* const a = theirs[type];
    const nlattr* const b = ours[type];
    if (a == nullptr || b == nullptr) return a == b;
    return nla_len(a) == nla_len(b) &&
           std::memcmp(nla_data(a), nla_data(b), static_cast<size_t>(nla_len(a))) == 0;
  });
}

}  // namespace

void FreeNetlinkMessage::operator()(nl_msg* message) const { nlmsg_free(message); }

uint8_t SystemFamily(IpFamily family) { return family == IpFamily::kV4 ? AF_INET : AF_INET6; }

NetlinkMessage RouteMessage(int type, int flags, const Route& route, uint32_t interface_index) {
  NetlinkMessage message(nlmsg_alloc_simple(type, flags));
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
  PutAddress(message, RTA_DST, address);
  nla_put_u32(message.get(), RTA_TABLE, route.table);
  if (!unreachable) nla_put_u32(message.get(), RTA_OIF, interface_index);
  if (route.metric != 0) nla_put_u32(message.get(), RTA_PRIORITY, route.metric);
  return message;
}

NetlinkMessage RuleMessage(int type, int flags, const Rule& rule) {
  NetlinkMessage message(nlmsg_alloc_simple(type, flags));
  fib_rule_hdr header{};
  header.family = SystemFamily(rule.family);
  header.action = rule.refuses             ? FR_ACT_UNREACHABLE
                  : rule.go_to.has_value() ? FR_ACT_GOTO
                  : rule.table == 0        ? FR_ACT_NOP
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
    PutAddress(message, type_of, prefix->address);
  }
  const std::optional<uint32_t> mark =
      rule.unless_mark.has_value() ? rule.unless_mark : rule.if_mark;
  if (mark.has_value()) {
    nla_put_u32(message.get(), FRA_FWMARK, *mark);
    nla_put_u32(message.get(), FRA_FWMASK, UINT32_MAX);
  }
  if (rule.own_udp_port.has_value()) {
    nla_put_string(message.get(), FRA_IIFNAME, "lo");
    nla_put_u8(message.get(), FRA_IP_PROTO, IPPROTO_UDP);
    const fib_rule_port_range ports{*rule.own_udp_port, *rule.own_udp_port};
    nla_put(message.get(), FRA_SPORT_RANGE, sizeof(ports), &ports);
  }
  if (rule.suppress_prefix_length.has_value()) {
    nla_put_u32(message.get(), FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  }
  return message;
}

NetlinkMessage RouteQuestionMessage(const RouteQuestion& question) {
  NetlinkMessage message(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST));
  rtmsg header{};
  header.rtm_family = SystemFamily(question.to.family);
  header.rtm_dst_len = static_cast<uint8_t>(question.to.Bits());
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  PutAddress(message, RTA_DST, question.to);
  if (question.interface_index != 0) {
    nla_put_u32(message.get(), RTA_OIF, question.interface_index);
  }
  if (!question.datagram.has_value()) return message;
  const RouteQuestion::Datagram& datagram = *question.datagram;
  if (datagram.from.has_value()) PutAddress(message, RTA_SRC, *datagram.from);
  nla_put_u32(message.get(), RTA_MARK, datagram.fwmark);
  nla_put_u8(message.get(), RTA_IP_PROTO, IPPROTO_UDP);
  if (datagram.from_port != 0) nla_put_u16(message.get(), RTA_SPORT, htons(datagram.from_port));
  nla_put_u16(message.get(), RTA_DPORT, htons(datagram.to_port));
  return message;
}

std::optional<KernelRoute> ParseRoute(nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  return ParseChangedRoute(message);
}

std::optional<KernelRoute> ParseChangedRoute(nlmsghdr* message) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if ((message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) ||
      nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* const header = static_cast<const rtmsg*>(nlmsg_data(message));
  if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return std::nullopt;
  IpAddress any;  // a default route names no destination
  any.family = header->rtm_family == AF_INET ? IpFamily::kV4 : IpFamily::kV6;
  const std::optional<IpAddress> destination =
      attributes[RTA_DST] == nullptr ? any : AddressIn(attributes[RTA_DST], header->rtm_family);
  if (!destination.has_value()) return std::nullopt;
  KernelRoute route;
  route.prefix = Prefix::Of(*destination, header->rtm_dst_len);
  route.type = header->rtm_type;
  route.protocol = header->rtm_protocol;
  route.is_cached = (header->rtm_flags & RTM_F_CLONED) != 0;
  route.table = NumberIn(attributes, RTA_TABLE);
  route.metric = NumberIn(attributes, RTA_PRIORITY);
  route.interface_index = NumberIn(attributes, RTA_OIF);
  // A multipath route has no interface of its own.
  route.has_gateway = route.interface_index == 0 || attributes[RTA_GATEWAY] != nullptr ||
                      attributes[RTA_VIA] != nullptr;
  route.gateway = AddressIn(attributes[RTA_GATEWAY], header->rtm_family);
  if (attributes[RTA_METRICS] != nullptr) {
    std::array<nlattr*, RTAX_MAX + 1> metrics{};
    nla_parse_nested(metrics.data(), RTAX_MAX, attributes[RTA_METRICS], nullptr);
    route.mtu = NumberIn(metrics, RTAX_MTU);
  }
  return route;
}

namespace {

std::optional<KernelRule> ParseRuleOf(int type, nlmsghdr* message) {
  std::array<nlattr*, FRA_MAX + 1> attributes{};
  if (message->nlmsg_type != type ||
      nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* const header = static_cast<const fib_rule_hdr*>(nlmsg_data(message));
  const bool is_for_all = header->src_len == 0 && header->dst_len == 0 && header->tos == 0 &&
                          attributes[FRA_IIFNAME] == nullptr &&
                          attributes[FRA_OIFNAME] == nullptr && attributes[FRA_FWMARK] == nullptr &&
                          attributes[FRA_L3MDEV] == nullptr;
  const uint32_t table = NumberIn(attributes, FRA_TABLE);
  // The kernel omits priority 0.
  return KernelRule{header->family == AF_INET ? IpFamily::kV4 : IpFamily::kV6,
                    NumberIn(attributes, FRA_PRIORITY), table, NumberIn(attributes, FRA_FWMARK),
                    is_for_all && table == RT_TABLE_LOCAL};
}

}  // namespace

std::optional<KernelRule> ParseRule(nlmsghdr* message) { return ParseRuleOf(RTM_NEWRULE, message); }

std::optional<KernelRule> ParseRemovedRule(nlmsghdr* message) {
  return ParseRuleOf(RTM_DELRULE, message);
}

std::optional<Rule> ParseOwnRule(nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWRULE) return std::nullopt;
  const std::optional<RuleAttributes> theirs = ParseRuleAttributes(message);
  if (!theirs.has_value()) return std::nullopt;
  const auto* const header = static_cast<const fib_rule_hdr*>(nlmsg_data(message));
  const Rule rule = ReadRule(*header, *theirs);
  // What the rule is like as a message of ours shows whether there is more in this one.
  const NetlinkMessage again = RuleMessage(RTM_NEWRULE, 0, rule);
  const std::optional<RuleAttributes> ours = ParseRuleAttributes(nlmsg_hdr(again.get()));
  const auto* const own = static_cast<const fib_rule_hdr*>(nlmsg_data(nlmsg_hdr(again.get())));
  const bool same_header = own->action == header->action && own->src_len == header->src_len &&
                           own->dst_len == header->dst_len && header->tos == 0 &&
                           ((own->flags ^ header->flags) & FIB_RULE_INVERT) == 0;
  if (!same_header || !ours.has_value() || !HaveSameSelectors(*theirs, *ours)) return std::nullopt;
  return rule;
}

std::optional<IpAddress> AddressIn(const nlattr* attribute, uint8_t system_family) {
  if (attribute == nullptr) return std::nullopt;
  IpAddress address;
  address.family = system_family == AF_INET ? IpFamily::kV4 : IpFamily::kV6;
  const auto size = static_cast<size_t>(nla_len(attribute));
  if (size != static_cast<size_t>(address.Bits()) / 8) return std::nullopt;
  std::memcpy(address.bytes.data(), nla_data(attribute), size);
  return address;
}

}  // namespace ringwire::platform
