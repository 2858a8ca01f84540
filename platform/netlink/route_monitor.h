#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

struct nlmsghdr;

namespace ringwire::platform {

// Reports changes of routes, policy rules, addresses, links and forwarding of this host.
// Thread-compatible.
class RouteMonitor {
 public:
  // Reports every change from this call on.
  static absl::StatusOr<RouteMonitor> Open();

  int fd() const { return socket_.get(); }  // readable: something changed
  // Visits the messages so far, and does not wait. False: some were lost.
  bool Take(absl::FunctionRef<void(nlmsghdr* message)> visit);

 private:
  explicit RouteMonitor(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
