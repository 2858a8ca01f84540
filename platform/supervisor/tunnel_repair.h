#ifndef RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_REPAIR_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_REPAIR_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan.h"
#include "platform/netlink/network_changes.h"
#include "platform/netlink/nft_monitor.h"
#include "platform/supervisor/repair_budget.h"

namespace ringwire::platform {

// Restores what other programs remove of a tunnel that is up: rules, routes, addresses, the nft
// table, sysctls, the interface's name. What blocks traffic (Step::stays_after_crash) is restored
// each time; the rest, and the log lines, as RepairBudget allows. Thread-compatible.
class TunnelRepair {
 public:
  explicit TunnelRepair(std::string interface) : interface_(std::move(interface)) {}

  // Rules, routes and addresses are restored when nothing has changed for this time, and not later
  // than kPatience after the first change: a program that removes them one by one would find each
  // of them again. An nft table and a link change at once.
  static constexpr absl::Duration kSettling = absl::Milliseconds(250);
  static constexpr absl::Duration kPatience = absl::Milliseconds(800);

  // Something may be missing.
  void Note(Instant now, const NetworkChanges& network, const NftMonitor::Changes& nft);
  // Forgets what was noted: the tunnel's own hooks did it, or the plan that it concerned is gone.
  void Forget();
  // When Repair() has something to do; InfiniteFuture: never.
  Instant at() const { return at_; }
  void Repair(Instant now, const Plan& plan, ActionExecutor* host, Journal* journal);
  // Restores an nft table that the tunnel's own hooks removed, as a firewall's script does.
  void RepairTable(const Plan& plan, ActionExecutor* host, Journal* journal);

 private:
  struct Damage {
    bool is_noted = false;
    Instant first;
    bool everything = false;
    bool link = false;
    bool addresses = false;
    bool nft = false;
    bool sysctls = false;
    std::vector<NetworkChanges::RemovedRule> rules;
    std::vector<NetworkChanges::RemovedRoute> routes;
    std::string by;  // in words
  };
  struct Restored {
    size_t rules = 0;
    size_t routes = 0;
    size_t addresses = 0;
    size_t sysctls = 0;
    bool table = false;
    std::string other_name;  // that the interface had
    absl::Status failure;
    bool any() const {
      return rules + routes + addresses + sysctls > 0 || table || !other_name.empty() ||
             !failure.ok();
    }
  };

  bool Concerns(const Step& step, bool is_link_up) const;
  void RestoreSteps(const Plan& plan, bool only_blocks, ActionExecutor* host, Journal* journal,
                    Restored* restored) const;
  void Log(const Restored& restored);

  const std::string interface_;
  Damage damage_;
  RepairBudget budget_;
  Instant at_ = Instant::InfiniteFuture();
  size_t silent_ = 0;  // repairs since the last line
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_REPAIR_H_
