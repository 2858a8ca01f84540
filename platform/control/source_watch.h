#ifndef RINGWIRE_PLATFORM_CONTROL_SOURCE_WATCH_H_
#define RINGWIRE_PLATFORM_CONTROL_SOURCE_WATCH_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "core/control/control_plane.h"
#include "platform/base/unique_fd.h"
#include "platform/control/sweep_schedule.h"
#include "platform/netlink/route_lookup.h"

namespace ringwire::platform {

// Finds the peers for which the remembered source address is no longer right, because a route, a
// policy rule, an address or a link has changed. A worker cannot notice this: the kernel sends from
// any of our addresses, on any route. It asks only after a change and never per packet. So if a
// peer's packets steadily arrive on one interface and ours leave through another, the contacted
// address stays. For the control thread.
class SourceWatch {
 public:
  static absl::StatusOr<SourceWatch> Open();

  // Readable: the kernel has announced a change.
  int fd() const { return notifications_.get(); }
  void TakeNotifications(Instant now);
  // Another input of routing has changed, such as the mark of our packets.
  void Changed(Instant now) { schedule_.Changed(now); }

  // When to call Sweep next.
  Instant due() const { return sweeping_ ? Instant() : schedule_.due(); }
  // Checks the next few peers; returns those whose remembered source must be cleared.
  std::vector<PeerId> Sweep(Instant now, const ControlPlane& plane,
                            const RouteLookup::Socket& socket);

 private:
  SourceWatch(UniqueFd notifications, RouteLookup lookup)
      : notifications_(std::move(notifications)), lookup_(std::move(lookup)) {}

  UniqueFd notifications_;
  RouteLookup lookup_;
  SweepSchedule schedule_;
  bool sweeping_ = false;
  bool found_ = false;
  size_t cursor_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOURCE_WATCH_H_
