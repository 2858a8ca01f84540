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
#include "platform/netlink/local_networks.h"
#include "platform/netlink/netlink_socket.h"
#include "platform/netlink/route.h"

struct nlmsghdr;

namespace ringwire::platform {

// Routes and policy rules by rtnetlink, each change confirmed by the kernel before the call
// returns. Thread-compatible.
class RouteNetlink {
 public:
  static absl::StatusOr<RouteNetlink> Open();
  explicit RouteNetlink(NetlinkSocket socket) : socket_(std::move(socket)) {}

  // `interface_index`: of the routes of type kInterface. One that is there already is fine (false:
  // nothing was added); so is removing one that is not. AlreadyExists: one of this prefix leads
  // elsewhere than to that interface.
  absl::StatusOr<bool> AddRoute(const Route& route, uint32_t interface_index);
  absl::Status RemoveRoute(const Route& route, uint32_t interface_index);
  absl::StatusOr<bool> AddRule(const Rule& rule);
  absl::Status RemoveRule(const Rule& rule);

  // How a packet leaves this host.
  struct Way {
    uint32_t interface_index = 0;
    uint32_t mtu = 0;  // of the route, or learned on the way; 0: whatever the interface takes
  };
  // What a UDP socket of that mark would send there. The error: no route, and why.
  absl::StatusOr<Way> WayTo(const SocketAddress& to, uint32_t fwmark);
  // By the main table's default routes, the preferred one of each family; none by `except`.
  absl::StatusOr<std::vector<Way>> DefaultWays(uint32_t except);

  // Of both families; in no order, perhaps more than once.
  absl::StatusOr<std::vector<uint32_t>> TablesInUse();
  struct RuleNumbers {
    std::vector<uint32_t> priorities;
    std::vector<uint32_t> tables;  // 0: none
    std::vector<uint32_t> marks;   // likewise
  };
  absl::StatusOr<RuleNumbers> Rules();
  struct Table {
    IpFamily family = IpFamily::kNone;
    uint32_t number = 0;
  };
  // Those with nothing but routes by which a tunnel of ours refuses what it does not carry: it has
  // gone.
  absl::StatusOr<std::vector<Table>> RefusingTables();
  // Those that are local (IsLocal), but for routes by the interface `but`.
  absl::StatusOr<std::vector<HostRoute>> LocalRoutes(uint32_t but);
  struct TableRoute {
    HostRoute route;
    uint32_t table = 0;
    uint32_t link = 0;  // 0: several
  };
  struct LinkAddress {
    uint32_t link = 0;
    IpAddress address;  // its own, or of the other end that its network is of
  };
  // Those that lead into the world (IsToWorld), of the tables that a policy rule names.
  absl::StatusOr<std::vector<TableRoute>> WorldRoutes();
  // Where packets for this host itself are sent to, but for the loopback's own addresses.
  absl::StatusOr<std::vector<Prefix>> LocalAddresses();

 private:
  using Visitor = std::function<void(nlmsghdr* message)>;
  void Listen(const Visitor* visit);  // who gets the messages to come; null: nobody
  // Of what routes and rules begin with.
  static constexpr size_t kRouteHeaderSize = 12;
  absl::Status Dump(int type, const Visitor& visit, size_t header_size = kRouteHeaderSize);
  absl::Status DumpFamily(int type, std::span<uint8_t> header, const Visitor& visit);
  absl::StatusOr<std::vector<uint32_t>> TunnelLinks();
  absl::StatusOr<std::vector<LinkAddress>> OwnAddresses();
  absl::StatusOr<bool> AllLeadTo(uint32_t interface_index, const Route& like);

  NetlinkSocket socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_NETLINK_H_
