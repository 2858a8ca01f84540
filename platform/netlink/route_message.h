#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_MESSAGE_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "core/wire/address.h"
#include "platform/netlink/route.h"

struct nl_msg;
struct nlattr;
struct nlmsghdr;

// rtnetlink's messages about routes and policy rules: the one place that writes and reads their
// attributes. Pure: the callers own the sockets.
namespace ringwire::platform {

struct FreeNetlinkMessage {
  void operator()(nl_msg* message) const;
};
using NetlinkMessage = std::unique_ptr<nl_msg, FreeNetlinkMessage>;

// AF_INET or AF_INET6.
uint8_t SystemFamily(IpFamily family);

// A change of a route: `type` RTM_NEWROUTE or RTM_DELROUTE, `flags` NLM_F_*. `interface_index`: of
// a route of type kInterface.
NetlinkMessage RouteMessage(int type, int flags, const Route& route, uint32_t interface_index);
// Likewise of a policy rule: RTM_NEWRULE or RTM_DELRULE.
NetlinkMessage RuleMessage(int type, int flags, const Rule& rule);

// Which route a packet takes.
struct RouteQuestion {
  // Everything that a policy rule or the choice among equal routes may test in a datagram.
  struct Datagram {
    std::optional<IpAddress> from = std::nullopt;
    uint16_t from_port = 0;  // 0: any
    uint16_t to_port = 0;
    uint32_t fwmark = 0;
  };
  IpAddress to;
  uint32_t interface_index = 0;  // 0: any
  std::optional<Datagram> datagram = std::nullopt;
};
NetlinkMessage RouteQuestionMessage(const RouteQuestion& question);

// A route as the kernel reports it.
struct KernelRoute {
  Prefix prefix;
  uint8_t type = 0;      // RTN_*
  uint8_t protocol = 0;  // RTPROT_*: who made it
  uint32_t table = 0;
  uint32_t metric = 0;
  uint32_t interface_index = 0;                     // 0: none, or multipath
  uint32_t mtu = 0;                                 // bytes; 0: it sets none
  bool has_gateway = false;                         // or is multipath, whose hops may have one
  std::optional<IpAddress> gateway = std::nullopt;  // of the route's family
  bool is_cached = false;                           // learned from another route
};
// nullopt: not a new route, or not one that can be parsed.
std::optional<KernelRoute> ParseRoute(nlmsghdr* message);
// The same of RTM_NEWROUTE and RTM_DELROUTE, for a caller who follows changes.
std::optional<KernelRoute> ParseChangedRoute(nlmsghdr* message);

// The numbers of a policy rule as the kernel reports it; 0: it sets none.
struct KernelRule {
  IpFamily family = IpFamily::kNone;
  uint32_t priority = 0;
  uint32_t table = 0;
  uint32_t fwmark = 0;
  bool is_all_local = false;  // it looks everything up in the table `local`
};
std::optional<KernelRule> ParseRule(nlmsghdr* message);
std::optional<KernelRule> ParseRemovedRule(nlmsghdr* message);

// A policy rule that RuleMessage could have made; nullopt: any other.
std::optional<Rule> ParseOwnRule(nlmsghdr* message);

// nullopt: the attribute is not there, or is no address of that family (AF_INET or AF_INET6).
std::optional<IpAddress> AddressIn(const nlattr* attribute, uint8_t system_family);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_MESSAGE_H_
