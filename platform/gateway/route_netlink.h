#ifndef RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_
#define RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/action.h"
#include "platform/gateway/local_networks.h"

struct nl_sock;
struct nl_msg;
struct nlmsghdr;

namespace ringwire::platform {

// Routes and policy rules by rtnetlink, each change confirmed by the kernel before the call
// returns. Thread-compatible.
class RouteNetlink {
 public:
  static absl::StatusOr<RouteNetlink> Open();

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
    std::vector<uint32_t> tables_and_marks;  // 0: none
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

 private:
  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  using Visitor = std::function<void(nlmsghdr* message)>;
  explicit RouteNetlink(nl_sock* socket) : socket_(socket) {}
  void Listen(const Visitor* visit);  // who gets the messages to come; null: nobody
  absl::Status Dump(int type, const Visitor& visit);
  absl::Status DumpFamily(int type, std::span<uint8_t> header, const Visitor& visit);
  absl::StatusOr<std::vector<uint32_t>> TunnelLinks();
  absl::StatusOr<bool> AllLeadTo(uint32_t interface_index, const Route& like);

  std::unique_ptr<nl_sock, CloseSocket> socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_
