#include "platform/supervisor/tunnel_repair.h"

#include <algorithm>
#include <variant>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/base/message_of.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/plan/plan_forward.h"
#include "platform/netlink/multicast_socket.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

template <typename One>
void Append(const std::vector<One>& from, std::vector<One>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

template <typename One>
bool Contains(const std::vector<One>& list, const One& one) {
  return std::ranges::find(list, one) != list.end();
}

// The sysctls whose changes the kernel reports. Others, such as accept_ra, belong to whoever
// manages the uplinks, and a reload sets them again.
bool IsFollowed(const std::string& path) {
  return IsForwardSwitch(path) || path.ends_with("/rp_filter");
}

std::string Counted(size_t count, const char* one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : one[0] == 'a' ? "es" : "s");
}

}  // namespace

void TunnelRepair::Forget() {
  damage_ = {};
  at_ = Instant::InfiniteFuture();
}

void TunnelRepair::Note(Instant now, const NetworkChanges& network,
                        const NftMonitor::Changes& nft) {
  if (!network.MayConcernTunnel() && !nft.touched) return;
  if (!damage_.is_noted) damage_.first = now;
  damage_.is_noted = true;
  if (nft.touched || network.link || network.lost) {
    at_ = now;
  } else if (now < at_) {
    at_ = std::max(now, std::min(now + kSettling, damage_.first + kPatience));
  }
  damage_.everything |= network.lost;
  damage_.link |= network.link;
  damage_.addresses |= network.addresses;
  damage_.nft |= nft.touched;
  damage_.sysctls |= network.sysctls;
  Append(network.rules, &damage_.rules);
  Append(network.routes, &damage_.routes);
  if (damage_.rules.size() + damage_.routes.size() > NetworkChanges::kRemovedMax) {
    damage_.everything = true;
    damage_.rules.clear();
    damage_.routes.clear();
  }
  if (nft.touched && !nft.by.empty()) {
    damage_.by = nft.by;
  } else if (network.port != 0) {
    damage_.by = NameOfPort(network.port);
  }
}

bool TunnelRepair::Concerns(const Step& step, bool is_link_up) const {
  if (!step.apply.has_value()) return false;
  const bool everything = damage_.everything;
  if (const auto* const rule = std::get_if<action::AddRule>(&*step.apply)) {
    return everything || Contains(damage_.rules, {rule->rule.family, rule->rule.priority});
  }
  if (const auto* const route = std::get_if<action::AddRoute>(&*step.apply)) {
    if (!is_link_up && route->route.type == Route::Type::kInterface) return false;
    // With the last IPv4 address the kernel drops all IPv4 routes without a word.
    return everything || damage_.link || damage_.addresses ||
           Contains(damage_.routes, {route->route.prefix, route->route.table});
  }
  if (std::holds_alternative<action::AddAddress>(*step.apply)) {
    return is_link_up && (everything || damage_.link || damage_.addresses);
  }
  if (const auto* const setting = std::get_if<action::SetSysctl>(&*step.apply)) {
    return (everything || damage_.sysctls) && IsFollowed(setting->path);
  }
  return std::holds_alternative<action::ReplaceNftTable>(*step.apply) &&
         (everything || damage_.nft);
}

void TunnelRepair::RestoreSteps(const Plan& plan, bool only_blocks, ActionExecutor* host,
                                Journal* journal, Restored* restored) const {
  const absl::StatusOr<LinkState> link = host->Link();
  const bool is_link_up = link.ok() && link->up;
  for (const Step& step : plan.steps) {
    if (only_blocks && !step.stays_after_crash) continue;
    if (!Concerns(step, is_link_up)) continue;
    const auto* const table = std::get_if<action::ReplaceNftTable>(&*step.apply);
    if (table != nullptr && host->HasWholeTable(table->table)) continue;
    const auto* const setting = std::get_if<action::SetSysctl>(&*step.apply);
    if (setting != nullptr && host->HasSysctl(setting->path, setting->value)) continue;
    const absl::StatusOr<bool> changed = Restore(step, host, journal);
    restored->failure.Update(changed.status());
    if (!changed.ok() || !*changed) continue;
    if (table != nullptr) restored->table = true;
    if (setting != nullptr) ++restored->sysctls;
    if (std::holds_alternative<action::AddRule>(*step.apply)) ++restored->rules;
    if (std::holds_alternative<action::AddRoute>(*step.apply)) ++restored->routes;
    if (std::holds_alternative<action::AddAddress>(*step.apply)) ++restored->addresses;
  }
}

void TunnelRepair::Repair(Instant now, const Plan& plan, ActionExecutor* host, Journal* journal) {
  if (now < at()) return;
  const bool only_blocks = now < budget_.next();
  Restored restored;
  if (damage_.link || damage_.everything) {
    const absl::StatusOr<std::string> other_name = host->RestoreName();
    if (other_name.ok()) restored.other_name = *other_name;
    restored.failure.Update(other_name.status());
  }
  RestoreSteps(plan, only_blocks, host, journal, &restored);
  if (only_blocks) {
    at_ = budget_.next();  // for the rest
    damage_.first = at_;
    if (!restored.failure.ok()) {
      Log(restored);  // traffic may be open
    } else if (restored.any()) {
      ++silent_;
    }
    return;
  }
  if (restored.any()) {
    budget_.Use(now);
    Log(restored);
  }
  if (restored.failure.ok()) return Forget();
  at_ = now + RepairBudget::kEach;  // tries again
}

void TunnelRepair::RepairTable(const Plan& plan, ActionExecutor* host, Journal* journal) {
  Forget();
  damage_.nft = true;
  damage_.by = "a hook";
  Restored restored;
  RestoreSteps(plan, /*only_blocks=*/false, host, journal, &restored);
  if (restored.any()) Log(restored);
  Forget();
}

void TunnelRepair::Log(const Restored& restored) {
  std::vector<std::string> parts;
  if (restored.rules > 0) parts.push_back(Counted(restored.rules, "policy rule"));
  if (restored.routes > 0) parts.push_back(Counted(restored.routes, "route"));
  if (restored.addresses > 0) parts.push_back(Counted(restored.addresses, "address"));
  if (restored.sysctls > 0) parts.push_back(Counted(restored.sysctls, "sysctl"));
  if (restored.table) parts.emplace_back("the nft table");
  if (!restored.other_name.empty()) {
    parts.push_back(fmt::format("the interface's name (it was {})", restored.other_name));
  }
  const std::string by = damage_.by.empty() ? "" : ", removed by " + damage_.by;
  const std::string more = silent_ == 0 ? "" : fmt::format(" ({} more times before)", silent_);
  silent_ = 0;
  if (!parts.empty()) {
    spdlog::warn("{}: restored {}{}{}", interface_, fmt::join(parts, ", "), by, more);
  }
  if (!restored.failure.ok()) {
    spdlog::error("{}: cannot restore what is missing of the tunnel: {}{}", interface_,
                  MessageOf(restored.failure), by);
  }
}

}  // namespace ringwire::platform
