#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/status_macros.h"
#include "platform/gateway/host/apply.h"
#include "platform/netlink/route_netlink.h"
#include "platform/supervisor/tunnel_on_host.h"

// Applies a plan whose hooks may add routes that the plan depends on.
namespace ringwire::platform {
namespace {

// How many steps there are up to the last PreUp, with it.
ptrdiff_t StepsThroughPreUp(const std::vector<Step>& steps) {
  const auto is_pre_up = [](const Step& step) {
    const auto* const hook =
        step.apply.has_value() ? std::get_if<action::RunHook>(&*step.apply) : nullptr;
    return hook != nullptr && hook->key == "PreUp";
  };
  const auto last = std::find_if(steps.rbegin(), steps.rend(), is_pre_up);
  return steps.rend() - last;
}

}  // namespace

// Empty if no hook of this configuration can matter.
absl::StatusOr<std::vector<Prefix>> TunnelOnHost::RoutesByHand() const {
  const Hooks& hooks = in_force_.config.hooks;
  const bool is_here = in_force_.config.gateway.network_namespace.empty();
  if (!is_here || !NeedsPolicyFacts(in_force_.config) ||
      (hooks.pre_up.empty() && hooks.post_up.empty())) {
    return std::vector<Prefix>();
  }
  ASSIGN_OR_RETURN(RouteNetlink netlink, RouteNetlink::Open());
  return netlink.RoutesByHand(host_->interface_index());
}

// Files for wg-quick keep networks outside of the tunnel by routes that their hooks add. The file
// asks for these, so they count, whatever they lead to.
absl::StatusOr<bool> TunnelOnHost::TakeRoutesOfHooks(std::vector<Prefix>* before) {
  ASSIGN_OR_RETURN(std::vector<Prefix> now, RoutesByHand());
  InForce next = std::move(in_force_);
  const size_t known = next.of_hooks.size();
  std::ranges::set_difference(now, *before, std::back_inserter(next.of_hooks));
  *before = std::move(now);
  const bool has_new = next.of_hooks.size() > known;
  next.networks_at_start = WithNetworksOfHooks(next.networks_at_start, next.of_hooks);
  Adopt(std::move(next));
  return has_new;
}

// The steps behind the last PreUp are planned again if it has added routes.
absl::Status TunnelOnHost::ApplyPlan() {
  ASSIGN_OR_RETURN(std::vector<Prefix> by_hand, RoutesByHand());
  const ptrdiff_t first = StepsThroughPreUp(in_force_.plan.steps);
  const auto steps = [this](ptrdiff_t from, ptrdiff_t to) {
    const auto begin = in_force_.plan.steps.begin();
    return ApplySteps(std::vector<Step>(begin + from, begin + to), host_.get(), &*journal_,
                      [this](const Journal::Entry& entry) { return KeepsClosed(entry); });
  };
  absl::Status status = steps(0, first);
  if (!status.ok()) return status;
  const absl::StatusOr<bool> has_new = TakeRoutesOfHooks(&by_hand);
  status = has_new.status();
  if (has_new.ok() && *has_new) {
    InForce next = std::move(in_force_);
    next.facts.local_networks = next.networks_at_start;
    next.plan = MakePlan(interface_, next.config, next.facts);
    Adopt(std::move(next));
  }
  if (status.ok()) status = steps(first, std::ssize(in_force_.plan.steps));
  if (status.ok()) {
    const absl::StatusOr<bool> later = TakeRoutesOfHooks(&by_hand);
    status = later.status();
    if (later.ok() && *later) status = FollowNetworks();
  }
  if (status.ok()) return status;
  [[maybe_unused]] const absl::Status undone = Undo(UndoScope::kLastUp, LogFailure);
  return status;
}

}  // namespace ringwire::platform
