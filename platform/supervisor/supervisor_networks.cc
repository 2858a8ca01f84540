#include <net/if.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/base/paths.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/plan/plan_kill_switch.h"
#include "platform/netlink/route_netlink.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// Local networks that come and go while the tunnel is up, as on a host that roams or starts
// containers.
namespace ringwire::platform {
namespace {

// A change seldom comes alone; and a host whose routes change all the time is not looked at all the
// time.
constexpr absl::Duration kSettling = absl::Milliseconds(20);
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(200);

std::vector<Step> Without(const std::vector<Step>& steps, const std::vector<Step>& others) {
  std::vector<Step> rest;
  for (const Step& step : steps) {
    if (std::ranges::find(others, step) == others.end()) rest.push_back(step);
  }
  return rest;
}

}  // namespace

absl::Status Supervisor::OpenMonitor(const ConfigFile& config) {
  if (!config.gateway.kill_switch.on || !config.gateway.network_namespace.empty()) {
    journals_.reset();
  } else if (!journals_.has_value()) {
    absl::StatusOr<JournalMonitor> journals = JournalMonitor::Open(kStatusDirectory);
    // Without the folder there are no others to be seen.
    if (journals.ok()) journals_.emplace(*std::move(journals));
  }
  // Those of another network namespace are not seen from here; a reload looks at them.
  if (!NeedsPolicyFacts(config) || !config.gateway.network_namespace.empty()) {
    monitor_.reset();
    return absl::OkStatus();
  }
  if (monitor_.has_value()) return absl::OkStatus();
  absl::StatusOr<RouteMonitor> monitor = RouteMonitor::Open();
  if (!monitor.ok()) return monitor.status();
  monitor_.emplace(*std::move(monitor));
  return absl::OkStatus();
}

void Supervisor::NoticeChanges() {
  if (monitor_.has_value()) monitor_->Drain();
  if (journals_.has_value()) journals_->Drain();
  if (!look_at_.has_value()) look_at_ = std::max(BootNow() + kSettling, earliest_look_);
}

void Supervisor::LookAtNetworks() {
  if (!look_at_.has_value() || BootNow() < *look_at_) return;
  look_at_.reset();
  earliest_look_ = BootNow() + kBetweenLooks;
  if (!monitor_.has_value()) return;
  const absl::Status status = FollowNetworks();
  if (!status.ok()) spdlog::warn("{}: follow local networks: {}", name_, MessageOf(status));
}

absl::Status Supervisor::FollowNetworks() {
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return netlink.status();
  const absl::StatusOr<std::vector<HostRoute>> routes =
      netlink->LocalRoutes(host_->interface_index());
  if (!routes.ok()) return routes.status();
  HostFacts facts = facts_;
  facts.local_networks = LocalNetworksLater(networks_at_start_, *routes);
  facts.switches =
      SwitchesAmong(Journal::ReservationsOfOthers(kStatusDirectory, name_, CurrentNetworkId()));
  const bool networks_changed = facts.local_networks != facts_.local_networks;
  if (!networks_changed && facts.switches == facts_.switches) return absl::OkStatus();
  Plan plan = MakePlan(name_, loaded_.config, facts);
  const absl::Status status = ApplySteps(Without(plan.steps, plan_.steps), &*host_, &*journal_);
  if (!status.ok()) return status;
  const std::vector<Step> gone = Without(plan_.steps, plan.steps);
  facts_ = std::move(facts);
  plan_ = std::move(plan);
  spdlog::info("{}: {} of this host have changed", name_,
               networks_changed ? "the local networks" : "other kill switches");
  return Undo(&*host_, &*journal_, [this, &gone](const Journal::Entry& entry) {
    const auto undoes = [&entry](const Step& step) { return step.undo == entry.undo; };
    return std::ranges::any_of(gone, undoes) && std::ranges::none_of(plan_.steps, undoes);
  });
}

// Nobody is there to let this tunnel through theirs.
void Supervisor::WarnOfDeadSwitches() {
  for (const Reservation& other : facts_.switches) {
    if (Journal::Owner(kStatusDirectory, other.interface).has_value()) continue;
    spdlog::warn(
        "{}: the kill switch of {}, whose service is dead, keeps this tunnel in (`ringwire up {}` "
        "lets it through, `ringwire down {}` lifts the switch)",
        name_, other.interface, other.interface, other.interface);
  }
}

}  // namespace ringwire::platform
