#include "platform/supervisor/host_watch.h"

#include <sys/epoll.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {
namespace {

// A change seldom comes alone; and a host whose routes change all the time is not looked at all the
// time.
constexpr absl::Duration kSettling = absl::Milliseconds(20);
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(200);

}  // namespace

HostWatch::HostWatch(std::string state_folder)
    : state_folder_(std::move(state_folder)), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void HostWatch::Watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event);
}

absl::Status HostWatch::Follow(const ConfigFile& config) {
  const bool is_here = config.gateway.network_namespace.empty();
  if (!NeedsPolicyFacts(config) || !is_here) {
    journals_.reset();
  } else if (!journals_.has_value()) {
    absl::StatusOr<JournalMonitor> journals = JournalMonitor::Open(state_folder_);
    // Without the folder there are no other tunnels to see.
    if (journals.ok()) Watch(journals_.emplace(*std::move(journals)).fd());
  }
  // Routes of another network namespace are not seen from here; a reload looks at them.
  if (!NeedsPolicyFacts(config) || !is_here) {
    routes_.reset();
    return absl::OkStatus();
  }
  if (routes_.has_value()) return absl::OkStatus();
  absl::StatusOr<RouteMonitor> routes = RouteMonitor::Open();
  if (!routes.ok()) return routes.status();
  Watch(routes_.emplace(*std::move(routes)).fd());
  return absl::OkStatus();
}

void HostWatch::Notice(Instant now) {
  if (routes_.has_value()) routes_->Drain();
  if (journals_.has_value()) journals_->Drain();
  look_at_ = std::min(look_at_, std::max(now + kSettling, earliest_look_));
}

bool HostWatch::TakeLook(Instant now) {
  if (now < look_at_) return false;
  look_at_ = Instant::InfiniteFuture();
  earliest_look_ = now + kBetweenLooks;
  return true;
}

}  // namespace ringwire::platform
