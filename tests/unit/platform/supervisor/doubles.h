#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_DOUBLES_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_DOUBLES_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/event_fd.h"
#include "platform/supervisor/supervised_relay.h"
#include "platform/supervisor/supervised_tunnel.h"

// Doubles of the parts of a Supervisor. They note their calls in one list, so that a test sees the
// order, and fail when the test says so.
namespace ringwire::platform {

inline constexpr char kTestKey[] = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
inline constexpr char kTestPeer[] = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
inline constexpr uint32_t kTestIndex = 7;

inline ConfigFile ParseTestConfig(const std::string& text) {
  ConfigParse parse = ParseConfigFile(text);
  EXPECT_TRUE(parse.ok()) << parse.errors.front().message;
  return std::move(parse.config);
}

struct Calls {
  std::vector<std::string> made;
  size_t fail_at = 0;  // the number of the call that fails, from 1; 0: none
  std::map<std::string, std::function<void()>, std::less<>> then;  // run once a call was made

  absl::Status Make(const std::string& call) {
    made.push_back(call);
    const size_t number = made.size();
    const auto after = then.find(call);
    if (after != then.end()) after->second();
    if (number != fail_at) return absl::OkStatus();
    return absl::InternalError("told to fail at " + call);
  }
  bool Has(std::string_view call) const { return std::ranges::find(made, call) != made.end(); }
  size_t Count(std::string_view call) const {
    return static_cast<size_t>(std::ranges::count(made, call));
  }
  // Whether these calls were made in this order, perhaps with others between them.
  bool HaveOrder(std::initializer_list<std::string_view> order) const {
    auto from = made.begin();
    for (const std::string_view call : order) {
      from = std::find(from, made.end(), call);
      if (from == made.end()) return false;
      ++from;
    }
    return true;
  }
};

class RelayDouble final : public SupervisedRelay {
 public:
  explicit RelayDouble(Calls* calls) : calls_(*calls) {}

  void set_on_unanswered(OnUnanswered on_unanswered) override {
    on_unanswered_ = std::move(on_unanswered);
  }
  void set_on_peers_changed(std::function<void()> on_peers_changed) override {
    on_peers_changed_ = std::move(on_peers_changed);
  }
  void AllowSockets(uint16_t port, uint32_t mark) override {
    calls_.Make(fmt::format("allow {} {:#x}", port, mark)).IgnoreError();
  }
  void AlsoAllowSockets(uint16_t, uint32_t) override {}
  void IgnoreEndSignals() override {}

  absl::Status Fork(const std::function<DeviceSettings()>&) override {
    const absl::Status status = calls_.Make("fork");
    is_running_ = status.ok();
    return status;
  }
  absl::StatusOr<uint32_t> Start(std::span<const PeerUpdate> endpoints) override {
    for (const PeerUpdate& peer : endpoints) started_with_.push_back(peer.endpoint->ToString());
    const absl::Status status = calls_.Make("start");
    if (!status.ok()) return status;
    return kTestIndex;
  }
  absl::Status Serve() override { return calls_.Make("serve"); }
  void Drain() override { calls_.Make("drain").IgnoreError(); }

  bool IsRunning() const override { return is_running_; }
  int fd() const override { return is_running_ ? messages_.get() : -1; }
  absl::Status TakeMessage() override {
    messages_.Clear();
    return is_gone_ ? absl::NotFoundError("it has ended") : absl::OkStatus();
  }

  absl::Status Upgrade(const Successor& successor) override {
    const absl::Status status = calls_.Make("upgrade");
    if (status.ok()) configured_ = successor.configuration(ParseTestConfig(state_));
    if (status.ok()) probation_end_ = BootNow() + probation_;
    return status;
  }
  absl::Status GoBack() override {
    if (probation_end_.IsInfiniteFuture()) return absl::FailedPreconditionError("nothing");
    probation_end_ = Instant::InfiniteFuture();
    is_gone_ = false;
    return calls_.Make("go back");
  }
  Instant probation_end() const override { return probation_end_; }
  void EndProbation() override {
    probation_end_ = Instant::InfiniteFuture();
    calls_.Make("end probation").IgnoreError();
  }
  absl::Status Configure(std::string_view text) override {
    configured_ = std::string(text);
    return calls_.Make("configure");
  }
  absl::Status SetMark(uint32_t mark) override {
    return calls_.Make(fmt::format("mark {:#x}", mark));
  }
  absl::Status Forget(const crypto::PublicKey&) override { return calls_.Make("forget"); }
  absl::StatusOr<ConfigFile> State() override {
    const absl::Status status = calls_.Make("state");
    if (!status.ok()) return status;
    return ParseTestConfig(state_);
  }
  absl::StatusOr<std::vector<crypto::PublicKey>> Peers() override {
    const absl::Status status = calls_.Make("peers");
    if (!status.ok()) return status;
    return std::vector<crypto::PublicKey>();
  }
  absl::StatusOr<std::vector<PeerHosts>> Hosts() override {
    const absl::Status status = calls_.Make("hosts");
    if (!status.ok()) return status;
    return hosts_;
  }
  absl::Status ChangeLeases(std::span<const PeerUpdate> peers) override {
    const absl::Status made = calls_.Make("change leases");
    if (!made.ok()) return made;
    leases.insert(leases.end(), peers.begin(), peers.end());
    return made;
  }
  absl::StatusOr<std::vector<crypto::PublicKey>> UsedLeases() override { return used; }
  absl::Status MoveEndpoints(std::span<const PeerUpdate>) override { return calls_.Make("move"); }
  void HangUp() override { calls_.Make("hang up").IgnoreError(); }
  bool Reap() override {
    if (!is_running_) return false;
    calls_.Make("reap").IgnoreError();
    is_running_ = false;
    return ends_well_;
  }
  const std::string& error() const override { return error_; }

  // The process ends.
  void End(bool well, std::string error = {}) {
    is_gone_ = true;
    ends_well_ = well;
    error_ = std::move(error);
    messages_.Raise();
  }
  void ReportUnanswered(std::span<const crypto::PublicKey> peers) { on_unanswered_(peers); }
  void ChangePeers(std::vector<PeerHosts> hosts) {
    hosts_ = std::move(hosts);
    on_peers_changed_();
  }
  const std::string& configured() const { return configured_; }
  const std::vector<std::string>& started_with() const { return started_with_; }
  void set_state(std::string text) { state_ = std::move(text); }
  void set_probation(absl::Duration probation) { probation_ = probation; }

  std::vector<PeerUpdate> leases;       // all changes of leases
  std::vector<crypto::PublicKey> used;  // what UsedLeases() tells

 private:
  Calls& calls_;
  OnUnanswered on_unanswered_;
  std::function<void()> on_peers_changed_;
  std::vector<PeerHosts> hosts_;
  EventFd messages_;
  bool is_running_ = false;
  bool is_gone_ = false;
  bool ends_well_ = true;
  absl::Duration probation_ = absl::Hours(1);
  Instant probation_end_ = Instant::InfiniteFuture();
  std::string error_;
  std::string configured_;
  std::string state_;
  std::vector<std::string> started_with_;
};

// Its plan has nothing but the mark of the configuration.
class TunnelDouble final : public SupervisedTunnel {
 public:
  explicit TunnelDouble(Calls* calls) : calls_(*calls) {}

  const InForce& in_force() const override { return in_force_; }
  void ForgetKeys() override { in_force_.config.private_key.reset(); }

  absl::Status Open(InterfaceOwner owner) override {
    owner_ = std::move(owner);
    return calls_.Make("open");
  }
  absl::Status Prepare(ConfigFile config) override {
    in_force_.plan.fwmark = config.fwmark.value_or(0);
    in_force_.config = std::move(config);
    return calls_.Make("prepare");
  }
  void ChooseMtu(Endpoints) override { calls_.Make("choose mtu").IgnoreError(); }
  absl::Status Up() override {
    absl::Status status = calls_.Make("up");
    if (status.ok()) status = owner_.create().status();
    if (status.ok() && run_hook_) run_hook_(meanwhile_);
    is_up_ = status.ok();
    if (!is_up_) owner_.remove();
    return status;
  }
  std::vector<std::string> FirewallWarnings() override { return {}; }

  absl::StatusOr<PlannedChange> PlanChange(ConfigFile wanted, Endpoints) override {
    const absl::Status status = calls_.Make("plan");
    if (!status.ok()) return status;
    PlannedChange change;
    change.plan.fwmark = wanted.fwmark.value_or(0);
    change.plan.warnings = {"a warning of the plan"};
    change.config = std::move(wanted);
    return change;
  }
  absl::Status Replace(PlannedChange change, Commit commit) override {
    absl::Status status = calls_.Make("apply");
    if (status.ok()) status = commit(change.config);
    if (status.ok()) status = calls_.Make("undo the old");
    if (!status.ok()) return status;
    in_force_.plan = std::move(change.plan);
    in_force_.config = std::move(change.config);
    return absl::OkStatus();
  }
  void Abandon() override { calls_.Make("abandon").IgnoreError(); }

  absl::Status FollowPeers(std::vector<BridgePeer> peers) override {
    followed_ = std::move(peers);
    return calls_.Make("follow peers");
  }

  int changes_fd() const override { return changes_.get(); }
  void NoticeChanges() override {
    changes_.Clear();
    calls_.Make("notice").IgnoreError();
  }
  Instant look_at() const override { return on_look_ ? look_at_ : Instant::InfiniteFuture(); }
  void Look() override {
    look_at_ = BootNow() + absl::Milliseconds(1);
    on_look_();
  }

  void set_while_hook(Meanwhile meanwhile) override { meanwhile_ = std::move(meanwhile); }
  void set_hook_output(const ProgramOutput&) override {}
  ObservedInterface Observe() override { return {1420, AddressesToSave()}; }

  absl::Status Undo(UndoScope scope, FailureReport report) override {
    const bool hooks = scope == UndoScope::kPreDownHooks;
    absl::Status status = calls_.Make(hooks                               ? "pre down"
                                      : scope == UndoScope::kAllButBlocks ? "undo all but blocks"
                                                                          : "undo");
    if (!status.ok()) report(status);
    if (hooks) return status;
    owner_.remove();
    is_up_ = false;
    return status;
  }
  absl::Status KeepClosed() override {
    is_up_ = false;
    return calls_.Make("keep closed");
  }
  bool BlocksTraffic() const override { return blocks_; }
  bool Close() override {
    calls_.Make("close").IgnoreError();
    return !blocks_;
  }

  bool is_up() const { return is_up_; }
  void set_blocks(bool blocks) { blocks_ = blocks; }
  // Called again and again while the service runs.
  void set_on_look(std::function<void()> on_look) { on_look_ = std::move(on_look); }
  // Called in Up(), once the interface is there: what a PostUp does.
  void set_run_hook(std::function<void(const Meanwhile&)> run) { run_hook_ = std::move(run); }
  void Change() { changes_.Raise(); }
  const std::vector<BridgePeer>& followed() const { return followed_; }
  const Meanwhile& meanwhile() const { return meanwhile_; }

 private:
  Calls& calls_;
  InterfaceOwner owner_;
  InForce in_force_;
  EventFd changes_;
  std::function<void()> on_look_;
  Instant look_at_;
  std::function<void(const Meanwhile&)> run_hook_;
  Meanwhile meanwhile_;
  std::vector<BridgePeer> followed_;
  bool is_up_ = false;
  bool blocks_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_DOUBLES_H_
