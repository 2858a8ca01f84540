#include "platform/supervisor/host_watch.h"

#include <sys/epoll.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "platform/base/message_of.h"
#include "platform/gateway/plan/plan.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// A change seldom comes alone; and a host whose routes change all the time is not looked at all the
// time.
constexpr absl::Duration kSettling = absl::Milliseconds(20);
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(200);
constexpr int kCostFactor = 50;  // at most a fiftieth of the time is spent on looks

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
  return is_here ? FollowNetwork() : absl::OkStatus();
}

absl::Status HostWatch::FollowNetwork() {
  if (routes_.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(RouteMonitor routes, RouteMonitor::Open());
  Watch(routes_.emplace(std::move(routes)).fd());
  return absl::OkStatus();
}

void HostWatch::FollowTable(const std::string& table) {
  if (table.empty()) nft_.reset();
  if (table.empty() || nft_.has_value()) return;
  absl::StatusOr<NftMonitor> nft = NftMonitor::Open(table);
  if (nft.ok()) {
    Watch(nft_.emplace(*std::move(nft)).fd());
  } else {
    spdlog::warn("{}: an nft table that another program removes stays away: {}", table,
                 MessageOf(nft.status()));
  }
}

HostWatch::Seen HostWatch::Notice(Instant now, const TunnelObjects& tunnel) {
  Seen seen;
  if (routes_.has_value()) {
    const bool complete =
        routes_->Take([&](nlmsghdr* message) { AddMessage(message, tunnel, &seen.network); });
    if (!complete) seen.network.lost = true;
  }
  if (nft_.has_value()) seen.nft = nft_->Take();
  const bool journals_changed = journals_.has_value() && journals_->Drain();
  if (seen.network.local_networks || seen.network.lost || journals_changed) {
    look_at_ = std::min(look_at_, std::max(now + kSettling, earliest_look_));
  }
  return seen;
}

bool HostWatch::TakeLook(Instant now) {
  if (now < look_at_) return false;
  look_at_ = Instant::InfiniteFuture();
  earliest_look_ = now + kBetweenLooks;
  return true;
}

void HostWatch::NoteCost(Instant now, absl::Duration cost) {
  earliest_look_ = std::max(earliest_look_, now + kCostFactor * cost);
}

}  // namespace ringwire::platform
