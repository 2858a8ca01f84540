#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_

#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Tells that routes of this host may have changed, also because a link has. Thread-compatible.
class RouteMonitor {
 public:
  // Everything that happens from here on is told.
  static absl::StatusOr<RouteMonitor> Open();

  int fd() const { return socket_.get(); }  // readable: something has happened
  // Forgets what has happened so far; it says nothing but that, so the caller looks for itself.
  void Drain();

 private:
  explicit RouteMonitor(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_MONITOR_H_
