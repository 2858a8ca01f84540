#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_NETLINK_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_NETLINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/netlink/inner_links.h"
#include "platform/netlink/local_networks.h"
#include "platform/netlink/netlink_socket.h"
#include "platform/netlink/route.h"

struct nlmsghdr;

namespace ringwire::platform {

// Routes and policy rules through rtnetlink. The kernel has confirmed each change before the call
// returns. Thread-compatible.
class RouteNetlink {
 public:
  static absl::StatusOr<RouteNetlink> Open();
  explicit RouteNetlink(NetlinkSocket socket) : socket_(std::move(socket)) {}

  // `interface_index` is for routes of type kInterface. An existing route is no error (false:
  // nothing was added); neither is removing a missing one. AlreadyExists: a route for this prefix
  // leads to another interface.
  absl::StatusOr<bool> AddRoute(const Route& route, uint32_t interface_index);
  absl::Status RemoveRoute(const Route& route, uint32_t interface_index);
  absl::StatusOr<bool> AddRule(const Rule& rule);
  absl::Status RemoveRule(const Rule& rule);

  // How packets leave this host.
  struct Way {
    uint32_t interface_index = 0;
    uint32_t mtu = 0;  // of the route, or from path MTU discovery; 0: that of the interface
  };
  // The path of a UDP socket with that mark. Error: no route, and why.
  absl::StatusOr<Way> WayTo(const SocketAddress& to, uint32_t fwmark);
  // The main table's default routes, the preferred one of each family; none through `except`.
  absl::StatusOr<std::vector<Way>> DefaultWays(uint32_t except);

  // None through `except`.
  absl::StatusOr<Uplinks> DefaultRoutes(uint32_t except);

  // Of both families, unordered, perhaps with duplicates.
  absl::StatusOr<std::vector<uint32_t>> TablesInUse();
  struct RuleNumbers {
    std::vector<uint32_t> priorities;
    std::vector<uint32_t> tables;  // 0: none
    std::vector<uint32_t> marks;   // likewise
    std::vector<uint32_t> local;   // the priorities of rules that look everything up in `local`
  };
  absl::StatusOr<RuleNumbers> Rules();
  // The rules that we could have made (ParseOwnRule), and the routes of RefusingTables.
  absl::StatusOr<std::vector<Rule>> OwnRules();
  absl::StatusOr<std::vector<Route>> RefusingRoutes();
  struct Table {
    IpFamily family = IpFamily::kNone;
    uint32_t number = 0;
  };
  // Tables that contain only the refusing routes of one of our tunnels: that tunnel is gone.
  absl::StatusOr<std::vector<Table>> RefusingTables();
  // Those that are local (IsLocal), except routes through the interface `but`.
  absl::StatusOr<std::vector<HostRoute>> LocalRoutes(uint32_t but);
  // The prefixes of the main table's routes that IsByHand, sorted, except routes through the
  // interface `but`.
  absl::StatusOr<std::vector<Prefix>> RoutesByHand(uint32_t but);
  // The interfaces without DHCP, whose far ends are configured on this host.
  absl::StatusOr<std::vector<uint32_t>> TunnelLinks();
  struct TableRoute {
    HostRoute route;
    uint32_t table = 0;
    uint32_t link = 0;  // 0: several
  };
  struct LinkAddress {
    uint32_t link = 0;
    IpAddress address;  // its own address, or the far end's, whose network it is in
  };
  // Those that lead to the internet (IsToWorld), in tables that a policy rule names.
  absl::StatusOr<std::vector<TableRoute>> WorldRoutes();
  // The interfaces that no packet leaves this machine by, with their networks of the main table.
  absl::StatusOr<InnerLinks> ReadInnerLinks();
  // This host's own addresses, except those of loopback.
  absl::StatusOr<std::vector<Prefix>> LocalAddresses();

 private:
  using Visitor = std::function<void(nlmsghdr* message)>;
  void Listen(const Visitor* visit);  // gets the next messages; null: nobody
  // The common head of routes and rules.
  static constexpr size_t kRouteHeaderSize = 12;
  absl::Status Dump(int type, const Visitor& visit, size_t header_size = kRouteHeaderSize);
  absl::Status DumpFamily(int type, std::span<uint8_t> header, const Visitor& visit);
  absl::StatusOr<std::vector<Link>> Links();
  absl::StatusOr<std::vector<LinkAddress>> OwnAddresses();
  absl::StatusOr<bool> AllLeadTo(uint32_t interface_index, const Route& like);

  NetlinkSocket socket_;
};

// RouteNetlink::TunnelLinks of this thread's network namespace; empty if they cannot be read.
std::vector<uint32_t> ReadTunnelLinks();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_NETLINK_H_
