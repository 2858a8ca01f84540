#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_

#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Reports that routes of this host may have changed, also through a change of a link.
// Thread-compatible.
class RouteMonitor {
 public:
  // Reports every change from this call on.
  static absl::StatusOr<RouteMonitor> Open();

  int fd() const { return socket_.get(); }  // readable: something changed
  // Clears the changes so far. It does not say what changed; the caller reads the routes.
  void Drain();

 private:
  explicit RouteMonitor(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
