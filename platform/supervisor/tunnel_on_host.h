#ifndef RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_ON_HOST_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_ON_HOST_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"
#include "platform/netlink/route_netlink.h"
#include "platform/supervisor/host_watch.h"
#include "platform/supervisor/supervised_tunnel.h"
#include "platform/supervisor/tunnel_repair.h"

namespace ringwire::platform {

// How TunnelOnHost reaches this host. The defaults are the product's; a test replaces some.
struct HostAccess {
  using OpenExecutor = std::function<absl::StatusOr<std::unique_ptr<ActionExecutor>>(
      const std::string& interface, ActionExecutor::InterfaceOwner owner,
      const std::string& state_folder)>;
  using Gather =
      std::function<absl::StatusOr<HostFacts>(std::string_view interface, const ConfigFile& config,
                                              const Journal& own, const std::string& state_folder)>;
  using CheckSysctls = std::function<absl::Status(
      std::span<const std::pair<std::string, std::string>> wanted, std::string_view own_interface)>;
  using PathMtu = std::function<std::optional<uint32_t>(
      SupervisedTunnel::Endpoints endpoints, uint32_t fwmark, std::string_view interface)>;

  HostAccess();

  std::string state_folder;  // of the journals and locks
  OpenExecutor open_executor;
  Gather gather;  // GatherFacts
  CheckSysctls check_sysctls;
  PathMtu path_mtu;
};

// The facts for a plan that replaces the one in force, except the path MTU. `now`: as the host is
// with the tunnel up, which does not count as the host's. Pure.
HostFacts FactsForChange(const InForce& in_force, HostFacts now);

// A tunnel on this host: plan, reservation, journal and their application. The only writer of what
// is in force, in Adopt().
class TunnelOnHost final : public SupervisedTunnel {
 public:
  explicit TunnelOnHost(std::string interface, HostAccess access = {});

  const InForce& in_force() const override { return in_force_; }
  void ForgetKeys() override;

  absl::Status Open(InterfaceOwner owner) override;
  absl::Status Prepare(ConfigFile config) override;
  void ChooseMtu(Endpoints endpoints) override;
  absl::Status Up() override;
  // After Prepare(), in the place of Up(): loads the kill switch alone. It stays until `down`, and
  // the next Up() takes it over. On an error nothing has changed. Needs a KillSwitch in the plan.
  absl::Status Block();
  std::vector<std::string> FirewallWarnings() override;

  absl::StatusOr<PlannedChange> PlanChange(ConfigFile wanted, Endpoints endpoints) override;
  absl::Status Replace(PlannedChange change, Commit commit) override;
  void Abandon() override;

  absl::Status FollowPeers(std::vector<BridgePeer> peers) override;

  int changes_fd() const override { return watch_.fd(); }
  void NoticeChanges() override;
  Instant look_at() const override { return std::min(watch_.look_at(), repair_.at()); }
  void Look() override;

  void set_while_hook(Meanwhile meanwhile) override;
  void set_hook_output(const ProgramOutput& output) override;
  ObservedInterface Observe() override;

  absl::Status Undo(UndoScope scope, FailureReport report) override;
  absl::Status KeepClosed() override;
  bool BlocksTraffic() const override { return !journal_->entries().empty(); }
  bool Close() override;

 private:
  absl::Status CreateInterface();
  absl::Status RemoveInterface();
  absl::StatusOr<Plan> MakeAllowedPlan(const ConfigFile& config, const HostFacts& facts) const;
  absl::Status Reserve(const Plan& plan, const ConfigFile& config);
  absl::Status ApplyPlan();
  absl::StatusOr<std::vector<Prefix>> RoutesByHand() const;
  absl::StatusOr<bool> TakeRoutesOfHooks(std::vector<Prefix>* before);  // true: there are new ones
  absl::StatusOr<PlannedChange> MakeChange(ConfigFile wanted, Endpoints endpoints);
  void FollowNamespace();
  void FollowTable();
  absl::StatusOr<RouteNetlink> OpenRoutes() const;  // of the interface's network namespace
  absl::Status FollowNetworks();
  // Puts into force what these facts change. `what`: for the log.
  absl::Status Follow(HostFacts facts, std::string_view what);
  bool KeepsClosed(const Journal::Entry& entry) const;  // also after a failed start
  void Adopt(InForce next);

  const std::string interface_;
  const HostAccess access_;
  InterfaceOwner owner_;
  HostWatch watch_;
  TunnelRepair repair_;
  TunnelObjects objects_;  // of what is in force
  std::string nft_table_;  // likewise; empty: none
  InForce in_force_;
  std::optional<Journal> journal_;
  std::unique_ptr<ActionExecutor> host_;
  uint64_t last_before_up_ = 0;  // the journal's last id
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_ON_HOST_H_
