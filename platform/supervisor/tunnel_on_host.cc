#include "platform/supervisor/tunnel_on_host.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/base/paths.h"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/host/adopt_leftovers.h"
#include "platform/gateway/host/gather_facts.h"
#include "platform/gateway/host/host_lock.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/plan_namespace.h"
#include "platform/gateway/plan/step_index.h"
#include "platform/netlink/route_netlink.h"
#include "platform/supervisor/interface_owner.h"
#include "platform/supervisor/predecessor_cleanup.h"
#include "spdlog/spdlog.h"

// Start and end. Changes while the tunnel is up are in tunnel_changes.cc, routes of hooks in
// tunnel_hooks.cc.
namespace ringwire::platform {
namespace {

bool IsPreDown(const Journal::Entry& entry) {
  const action::RunHook* const hook = std::get_if<action::RunHook>(&entry.undo);
  return hook != nullptr && hook->key == "PreDown";
}

std::vector<InterfaceAddress> AddressesOf(const Plan& plan) {
  std::vector<InterfaceAddress> addresses;
  for (const Step& step : plan.steps) {
    const auto* const add =
        step.apply.has_value() ? std::get_if<action::AddAddress>(&*step.apply) : nullptr;
    if (add != nullptr) addresses.push_back(add->address);
  }
  return addresses;
}

bool RunsHooks(const Plan& plan) {
  return std::ranges::any_of(plan.steps, [](const Step& step) {
    return step.apply.has_value() && std::holds_alternative<action::RunHook>(*step.apply);
  });
}

// The services of `switches` that are dead cannot let this tunnel's packets through.
void WarnOfDeadSwitches(const std::string& interface, const std::vector<Reservation>& switches,
                        const std::string& state_folder) {
  for (const Reservation& other : switches) {
    if (Journal::Owner(state_folder, other.interface).has_value()) continue;
    spdlog::warn(
        "{}: the kill switch of {}, whose service is dead, keeps this tunnel in (`ringwire up {}` "
        "lets it through, `ringwire down {}` lifts the switch)",
        interface, other.interface, other.interface, other.interface);
  }
}

absl::StatusOr<std::unique_ptr<ActionExecutor>> OpenHost(const std::string& interface,
                                                         ActionExecutor::InterfaceOwner owner,
                                                         const std::string& state_folder) {
  ASSIGN_OR_RETURN(Host host, Host::Open(interface, std::move(owner), state_folder));
  return std::make_unique<Host>(std::move(host));
}

}  // namespace

HostAccess::HostAccess()
    : state_folder(kStatusDirectory),
      open_executor(OpenHost),
      gather(GatherFacts),
      check_sysctls(CheckSysctlsWritable),
      path_mtu(ReadPathMtu) {}

TunnelOnHost::TunnelOnHost(std::string interface, HostAccess access)
    : interface_(std::move(interface)),
      access_(std::move(access)),
      watch_(access_.state_folder),
      repair_(interface_) {}

void TunnelOnHost::ForgetKeys() {
  in_force_.config.private_key.reset();
  for (PeerConfig& peer : in_force_.config.peers) peer.preshared_key.reset();
}

absl::Status TunnelOnHost::Open(InterfaceOwner owner) {
  owner_ = std::move(owner);
  ASSIGN_OR_RETURN(Journal journal, Journal::Open(access_.state_folder, interface_));
  journal_.emplace(std::move(journal));
  absl::StatusOr<std::unique_ptr<ActionExecutor>> host = access_.open_executor(
      interface_, {[this] { return CreateInterface(); }, [this] { return RemoveInterface(); }},
      access_.state_folder);
  if (!host.ok()) return host.status();
  host_ = *std::move(host);
  return absl::OkStatus();
}

absl::Status TunnelOnHost::CreateInterface() {
  ASSIGN_OR_RETURN(const uint32_t index, owner_.create());
  // Addresses and routes go to this index, so the relay must not choose another device.
  if (index != host_->FindInterface()) {
    owner_.remove();
    return absl::InternalError(fmt::format(
        "cannot start the relay process: it did not make the interface {}", interface_));
  }
  host_->set_interface_index(index);
  return journal_->RecordInterface(index);
}

// Also for the interface of a predecessor, whose relay ends by itself.
absl::Status TunnelOnHost::RemoveInterface() {
  owner_.remove();
  return WaitUntilGone(interface_, host_.get());
}

absl::Status TunnelOnHost::Prepare(ConfigFile config) {
  const std::string& network_namespace = config.gateway.network_namespace;
  absl::Status status = CheckNoInterface(interface_, network_namespace, *journal_);
  if (status.ok() && network_namespace.empty()) {
    const absl::Status adopted = AdoptLeftovers(interface_, access_.state_folder, &*journal_);
    if (!adopted.ok()) spdlog::warn("{}: {}", interface_, MessageOf(adopted));
  }
  if (status.ok()) {
    status = UndoPredecessor(interface_, network_namespace, host_.get(), &*journal_);
  }
  if (status.ok()) status = journal_->RecordNetwork(CurrentNetworkId());
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(const StateLock lock, LockHost(access_.state_folder));
  status = watch_.Follow(config);
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(HostFacts facts,
                   access_.gather(interface_, config, *journal_, access_.state_folder));
  ASSIGN_OR_RETURN(Plan plan, MakeAllowedPlan(config, facts));
  LocalNetworks networks = facts.local_networks;
  Adopt({std::move(config), std::move(facts), std::move(networks), std::move(plan), {}});
  for (const std::string& warning : in_force_.plan.warnings) {
    spdlog::warn("{}: {}", interface_, warning);
  }
  objects_.other_tunnels = ReadTunnelLinks();
  WarnOfDeadSwitches(interface_, in_force_.facts.switches, access_.state_folder);
  return Reserve(in_force_.plan, in_force_.config);
}

absl::StatusOr<Plan> TunnelOnHost::MakeAllowedPlan(const ConfigFile& config,
                                                   const HostFacts& facts) const {
  Plan plan = MakePlan(interface_, config, facts);
  if (!plan.refusal.empty()) return absl::FailedPreconditionError(plan.refusal);
  RETURN_IF_ERROR(access_.check_sysctls(SysctlsOf(plan), interface_));
  return plan;
}

absl::Status TunnelOnHost::Reserve(const Plan& plan, const ConfigFile& config) {
  Reservation reservation{plan.fwmark, plan.place, plan.port_forwards, plan.kill_switch};
  reservation.udp_port = config.listen_port.value_or(0);
  reservation.is_server = std::ranges::none_of(
      config.peers, [](const PeerConfig& peer) { return peer.endpoint.has_value(); });
  if (reservation == journal_->reservation()) return absl::OkStatus();
  return journal_->RecordReservation(reservation, CurrentNetworkId());
}

void TunnelOnHost::Adopt(InForce next) {
  in_force_ = std::move(next);
  objects_.tables.clear();
  nft_table_.clear();
  for (const Step& step : in_force_.plan.steps) {
    if (!step.apply.has_value()) continue;
    const auto* const table = std::get_if<action::ReplaceNftTable>(&*step.apply);
    if (table != nullptr && table->table.family == NftFamily::kInet) nft_table_ = table->table.name;
    const auto* const add = std::get_if<action::AddRoute>(&*step.apply);
    if (add == nullptr || add->route.table == kMainTable) continue;
    const uint32_t number = add->route.table;
    if (objects_.tables.empty() || objects_.tables.back() != number) {
      objects_.tables.push_back(number);
    }
  }
  FollowTable();
}

// A network namespace of its own may not exist before Up().
void TunnelOnHost::FollowTable() {
  if (HasNamespace(in_force_.config) && host_->network_namespace_id() == 0) return;
  const absl::Status visited = host_->Visit([this] { watch_.FollowTable(nft_table_); });
  if (!visited.ok()) spdlog::warn("{}: {}", interface_, MessageOf(visited));
}

void TunnelOnHost::FollowNamespace() {
  if (!HasNamespace(in_force_.config)) return;
  absl::Status followed;
  absl::Status status = host_->Visit([this, &followed] {
    followed = watch_.FollowNetwork();
    objects_.other_tunnels = ReadTunnelLinks();
  });
  status.Update(followed);
  if (!status.ok()) spdlog::warn("{}: {}", interface_, MessageOf(status));
  FollowTable();
}

// The rest of the plan does not depend on where peers are.
void TunnelOnHost::ChooseMtu(Endpoints endpoints) {
  if (in_force_.config.mtu.has_value()) return;
  InForce next = std::move(in_force_);
  next.facts.path_mtu = access_.path_mtu(endpoints, next.plan.fwmark, interface_);
  next.plan = MakePlan(interface_, next.config, next.facts);
  Adopt(std::move(next));
}

// With a kill switch only `down` opens: between two attempts of a service manager to start the
// tunnel no packet may leave.
bool TunnelOnHost::KeepsClosed(const Journal::Entry& entry) const {
  return in_force_.config.gateway.kill_switch.on && entry.stays_after_crash;
}

absl::Status TunnelOnHost::Up() {
  last_before_up_ = journal_->last_id();
  absl::Status status = ApplyPlan();
  if (!status.ok()) {
    const std::string rest =
        in_force_.config.gateway.kill_switch.on && BlocksTraffic()
            ? fmt::format("its kill switch blocks traffic until `ringwire down {}`", interface_)
            : std::string("what was changed for it is undone");
    return {status.code(),
            fmt::format("{} ({} is not up; {})", MessageOf(status), interface_, rest)};
  }
  // What a predecessor kept and this plan does not need.
  const StepIndex steps(in_force_.plan.steps);
  status = platform::Undo(host_.get(), &*journal_, [&steps](const Journal::Entry& entry) {
    return !steps.HasUndo(entry.undo);
  });
  if (!status.ok()) spdlog::warn("{}: {}", interface_, MessageOf(status));
  FollowNamespace();
  // A hook may remove a rule or a route on purpose. But a hook that loads a firewall flushes the
  // table, and then nothing would block traffic.
  NoticeChanges();
  repair_.Forget();
  if (RunsHooks(in_force_.plan)) repair_.RepairTable(in_force_.plan, host_.get(), &*journal_);
  return absl::OkStatus();
}

// The plan begins with the kill switch, and before it the network namespace that it is for.
absl::Status TunnelOnHost::Block() {
  const std::vector<Step>& steps = in_force_.plan.steps;
  const auto blocks = std::ranges::find_if(steps, [](const Step& step) {
    return step.stays_after_crash && step.apply.has_value() &&
           std::holds_alternative<action::ReplaceNftTable>(*step.apply);
  });
  CHECK(blocks != steps.end());
  return ApplySteps({steps.begin(), blocks + 1}, host_.get(), &*journal_);
}

std::vector<std::string> TunnelOnHost::FirewallWarnings() {
  std::vector<std::string> warnings =
      platform::FirewallWarnings(interface_, in_force_.config, ReadFirewallFacts(in_force_.config));
  for (std::string& warning : warnings) warning = fmt::format("{}: {}", interface_, warning);
  return warnings;
}

void TunnelOnHost::set_while_hook(Meanwhile meanwhile) {
  host_->set_while_hook(std::move(meanwhile));
}

void TunnelOnHost::set_hook_output(const ProgramOutput& output) { host_->set_hook_output(output); }

ObservedInterface TunnelOnHost::Observe() {
  ObservedInterface observed;
  const absl::StatusOr<LinkState> link = host_->Link();
  if (link.ok()) observed.mtu = static_cast<uint16_t>(std::min(link->mtu, 65535U));
  const absl::StatusOr<std::vector<InterfaceAddress>> addresses = host_->Addresses();
  if (addresses.ok()) {
    observed.addresses =
        CompareAddresses(AddressesOf(in_force_.plan), *addresses, link.ok() && link->up);
  }
  return observed;
}

absl::Status TunnelOnHost::Undo(UndoScope scope, FailureReport report) {
  return platform::Undo(
      host_.get(), &*journal_,
      [this, scope](const Journal::Entry& entry) {
        switch (scope) {
          case UndoScope::kLastUp:
            return entry.id > last_before_up_ && !KeepsClosed(entry);
          case UndoScope::kPreDownHooks:
            return IsPreDown(entry);
          case UndoScope::kAllButBlocks:
            return !entry.stays_after_crash;
          case UndoScope::kEverything:
            return true;
        }
        return false;
      },
      report);
}

absl::Status TunnelOnHost::KeepClosed() {
  const absl::Status waited = WaitUntilGone(interface_, host_.get());
  if (waited.ok()) host_->set_interface_index(0);
  absl::Status undone = platform::Undo(host_.get(), &*journal_, [](const Journal::Entry& entry) {
    return !entry.stays_after_crash;
  });
  if (!undone.ok()) spdlog::warn("{}: {}", interface_, MessageOf(undone));
  return undone;
}

bool TunnelOnHost::Close() {
  if (!journal_.has_value()) return false;
  const bool is_empty = journal_->entries().empty();
  journal_->RemoveIfEmpty();
  return is_empty;
}

}  // namespace ringwire::platform
