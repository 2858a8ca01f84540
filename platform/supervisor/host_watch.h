#ifndef RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/journal_monitor.h"
#include "platform/netlink/route_monitor.h"

namespace ringwire::platform {

// Notices that the host around a tunnel changes, and says when to look at it: soon, but not all the
// time. Thread-compatible.
class HostWatch {
 public:
  // `state_folder`: where the journals are.
  explicit HostWatch(std::string state_folder);

  // Follows what the plan of this configuration depends on, and nothing else.
  absl::Status Follow(const ConfigFile& config);
  bool FollowsRoutes() const { return routes_.has_value(); }

  int fd() const { return poll_.get(); }  // readable: Notice() has something to do
  // Takes the changes so far.
  void Notice(Instant now);
  // When to look; InfiniteFuture: nothing has changed.
  Instant look_at() const { return look_at_; }
  // True, once, when that time has come.
  bool TakeLook(Instant now);

 private:
  void Watch(int fd);

  const std::string state_folder_;
  UniqueFd poll_;  // epoll
  std::optional<RouteMonitor> routes_;
  std::optional<JournalMonitor> journals_;  // of other tunnels
  Instant look_at_ = Instant::InfiniteFuture();
  Instant earliest_look_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_
