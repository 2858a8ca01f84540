#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/host/host_lock.h"
#include "platform/gateway/plan/plan_bridge.h"
#include "platform/gateway/plan/plan_kill_switch.h"
#include "platform/netlink/route_netlink.h"
#include "platform/supervisor/tunnel_on_host.h"
#include "spdlog/spdlog.h"

// What TunnelOnHost does while the tunnel is up: another configuration, local networks that come
// and go, as on a host that roams or starts containers, and the peers that a Bridge reaches.
namespace ringwire::platform {
namespace {

std::vector<Step> Without(const std::vector<Step>& steps, const std::vector<Step>& others) {
  std::vector<Step> rest;
  for (const Step& step : steps) {
    if (std::ranges::find(others, step) == others.end()) rest.push_back(step);
  }
  return rest;
}

void FollowOthers(const std::vector<Reservation>& others, HostFacts* facts) {
  facts->switches = SwitchesAmong(others);
  facts->servers = ServersAmong(others);
  // Another program may take the port of a tunnel that is gone.
  std::erase_if(facts->others, [&others](const Reservation& earlier) {
    const auto now = std::ranges::find(others, earlier.interface, &Reservation::interface);
    return earlier.mark == 0 && now == others.end();
  });
}

}  // namespace

HostFacts FactsForChange(const InForce& in_force, HostFacts now) {
  HostFacts facts = in_force.facts;
  facts.predecessor_kill_switch = false;  // its time is over
  facts.interfaces = std::move(now.interfaces);
  facts.sysctls = SysctlsBefore(in_force.plan, in_force.facts, std::move(now.sysctls));
  facts.others = std::move(now.others);
  facts.switches = std::move(now.switches);
  facts.servers = std::move(now.servers);
  facts.predecessor = now.predecessor;
  // A mark from the file is not kept: without it a new one is chosen, or none.
  if (in_force.config.fwmark.value_or(0) != 0) facts.predecessor.mark = 0;
  facts.local_networks = WithNetworksOfHooks(now.local_networks, in_force.of_hooks);
  facts.inner_links = std::move(now.inner_links);
  facts.socket_uid = now.socket_uid;
  facts.uplinks = std::move(now.uplinks);
  facts.ways_out = std::move(now.ways_out);
  facts.bridge = now.bridge;
  facts.bridge_peers.reset();  // those of the new file; FollowPeers() tells the device's
  if (!NeedsPolicyFacts(in_force.config)) {  // else as before the first change
    facts.tables_in_use = std::move(now.tables_in_use);
    facts.rule_priorities = std::move(now.rule_priorities);
    facts.local_rules = std::move(now.local_rules);
  }
  return facts;
}

absl::StatusOr<PlannedChange> TunnelOnHost::MakeChange(ConfigFile wanted, Endpoints endpoints) {
  ASSIGN_OR_RETURN(const StateLock lock, LockHost(access_.state_folder));
  absl::Status status = watch_.Follow(wanted);
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(HostFacts now,
                   access_.gather(interface_, wanted, *journal_, access_.state_folder));
  HostFacts facts = FactsForChange(in_force_, std::move(now));
  if (!wanted.mtu.has_value()) {
    facts.path_mtu = access_.path_mtu(endpoints, in_force_.plan.fwmark, interface_);
  }
  ASSIGN_OR_RETURN(Plan plan, MakeAllowedPlan(wanted, facts));
  if (plan.fwmark != 0 || plan.place.has_value()) status = Reserve(plan, wanted);
  if (!status.ok()) return status;
  return PlannedChange{std::move(wanted), std::move(facts), std::move(plan)};
}

absl::StatusOr<PlannedChange> TunnelOnHost::PlanChange(ConfigFile wanted, Endpoints endpoints) {
  absl::StatusOr<PlannedChange> change = MakeChange(std::move(wanted), endpoints);
  if (!change.ok()) Abandon();
  return change;
}

absl::Status TunnelOnHost::Replace(PlannedChange change, Commit commit) {
  const absl::Status status = ApplyDifference(in_force_.plan, change.plan, host_.get(), &*journal_,
                                              [&] { return commit(change.config); });
  if (!status.ok()) return status;
  LocalNetworks networks = change.facts.local_networks;
  Adopt({std::move(change.config), std::move(change.facts), std::move(networks),
         std::move(change.plan), std::move(in_force_.of_hooks)});
  // The change is made: an error here would make the caller take it back.
  const absl::Status reserved = Reserve(in_force_.plan, in_force_.config);
  if (!reserved.ok()) spdlog::warn("{}: {}", interface_, MessageOf(reserved));
  return absl::OkStatus();
}

void TunnelOnHost::Abandon() {
  absl::Status restored = watch_.Follow(in_force_.config);
  restored.Update(Reserve(in_force_.plan, in_force_.config));
  if (!restored.ok()) spdlog::warn("{}: {}", interface_, MessageOf(restored));
}

void TunnelOnHost::NoticeChanges() {
  objects_.interface_index = host_->interface_index();
  const Instant now = BootNow();
  const HostWatch::Seen seen = watch_.Notice(now, objects_);
  repair_.Note(now, seen.network, seen.nft);
}

void TunnelOnHost::Look() {
  const Instant now = BootNow();
  repair_.Repair(now, in_force_.plan, host_.get(), &*journal_);
  if (!watch_.TakeLook(now) || !NeedsPolicyFacts(in_force_.config)) return;
  const absl::Status status = FollowNetworks();
  if (!status.ok()) spdlog::warn("{}: follow local networks: {}", interface_, MessageOf(status));
  const Instant end = BootNow();
  watch_.NoteCost(end, end - now);
}

absl::StatusOr<RouteNetlink> TunnelOnHost::OpenRoutes() const {
  absl::StatusOr<RouteNetlink> netlink = absl::InternalError("not opened");
  RETURN_IF_ERROR(host_->Visit([&netlink] { netlink = RouteNetlink::Open(); }));
  return netlink;
}

absl::Status TunnelOnHost::FollowNetworks() {
  ASSIGN_OR_RETURN(RouteNetlink netlink, OpenRoutes());
  ASSIGN_OR_RETURN(const std::vector<HostRoute> routes,
                   netlink.LocalRoutes(host_->interface_index()));
  objects_.other_tunnels = netlink.TunnelLinks().value_or(std::vector<uint32_t>());
  HostFacts facts = in_force_.facts;
  facts.local_networks = LocalNetworksLater(in_force_.networks_at_start, routes);
  if (in_force_.config.gateway.kill_switch.on) {
    ASSIGN_OR_RETURN(InnerLinks inner, netlink.ReadInnerLinks());
    facts.inner_links = std::move(inner);
  }
  ASSIGN_OR_RETURN(const Uplinks uplinks, netlink.DefaultRoutes(host_->interface_index()));
  facts.uplinks = uplinks;
  const HostFacts& before = in_force_.facts;
  const bool networks_changed = facts.local_networks != before.local_networks ||
                                facts.uplinks != before.uplinks ||
                                facts.inner_links != before.inner_links;
  FollowOthers(Journal::ReservationsOfOthers(access_.state_folder, interface_, CurrentNetworkId()),
               &facts);
  const bool others_changed = facts.switches != before.switches ||
                              facts.servers != before.servers || facts.others != before.others;
  if (!networks_changed && !others_changed) return absl::OkStatus();
  return Follow(std::move(facts), networks_changed ? "the local networks" : "other tunnels");
}

absl::Status TunnelOnHost::FollowPeers(std::vector<BridgePeer> peers) {
  if (in_force_.config.gateway.bridge.empty()) return absl::OkStatus();
  const std::optional<std::vector<BridgePeer>>& before = in_force_.facts.bridge_peers;
  if (peers == (before.has_value() ? *before : BridgePeersOf(in_force_.config))) {
    return absl::OkStatus();
  }
  HostFacts facts = in_force_.facts;
  facts.bridge_peers = std::move(peers);
  return Follow(std::move(facts), "the peers");
}

absl::Status TunnelOnHost::Follow(HostFacts facts, std::string_view what) {
  Plan plan = MakePlan(interface_, in_force_.config, facts);
  RETURN_IF_ERROR(ApplySteps(Without(plan.steps, in_force_.plan.steps), host_.get(), &*journal_));
  const std::vector<Step> gone = Without(in_force_.plan.steps, plan.steps);
  for (const std::string& warning : plan.warnings) {
    const std::vector<std::string>& known = in_force_.plan.warnings;
    if (std::ranges::find(known, warning) != known.end()) continue;
    spdlog::warn("{}: {}", interface_, warning);
  }
  InForce next = std::move(in_force_);
  next.facts = std::move(facts);
  next.plan = std::move(plan);
  Adopt(std::move(next));
  spdlog::info("{}: {} of this host have changed", interface_, what);
  return platform::Undo(host_.get(), &*journal_, [this, &gone](const Journal::Entry& entry) {
    const auto undoes = [&entry](const Step& step) { return step.undo == entry.undo; };
    return std::ranges::any_of(gone, undoes) && std::ranges::none_of(in_force_.plan.steps, undoes);
  });
}

}  // namespace ringwire::platform
