#ifndef RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_
#define RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/action.h"

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
  // nothing was added); so is removing one that is not.
  absl::StatusOr<bool> AddRoute(const Route& route, uint32_t interface_index);
  absl::Status RemoveRoute(const Route& route, uint32_t interface_index);
  absl::StatusOr<bool> AddRule(const Rule& rule);
  absl::Status RemoveRule(const Rule& rule);

  // Of both families; in no order, perhaps more than once.
  absl::StatusOr<std::vector<uint32_t>> TablesInUse();
  absl::StatusOr<std::vector<uint32_t>> RulePriorities();

 private:
  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  using Visitor = std::function<void(nlmsghdr* message)>;
  explicit RouteNetlink(nl_sock* socket) : socket_(socket) {}
  absl::Status Dump(int type, const Visitor& visit);

  std::unique_ptr<nl_sock, CloseSocket> socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_ROUTE_NETLINK_H_
