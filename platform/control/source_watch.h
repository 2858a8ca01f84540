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

// Finds the peers whose packets should leave from another address of ours than the remembered one,
// because a route, a routing rule, an address or a link has changed. A worker cannot notice: the
// kernel sends from any address that is ours, by whatever way. Nothing is asked while nothing
// changes, and never per packet; so where a peer's packets steadily arrive on one interface and
// ours leave by another, the address that the peer contacted is kept. Control's.
class SourceWatch {
 public:
  static absl::StatusOr<SourceWatch> Open();

  // Readable: the kernel has announced a change.
  int fd() const { return notifications_.get(); }
  void TakeNotifications(Instant now);
  // Something else that routing depends on has changed, as the mark of our packets.
  void Changed(Instant now) { schedule_.Changed(now); }

  // When Sweep wants to be called next.
  Instant due() const { return sweeping_ ? Instant() : schedule_.due(); }
  // Looks at the next few peers; returns those whose remembered source is to be forgotten.
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
