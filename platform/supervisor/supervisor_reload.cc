#include <algorithm>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/base/mutex.h"
#include "core/config/live_peers.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/base/clock.h"
#include "platform/base/event_fd.h"
#include "platform/base/paths.h"
#include "platform/base/start_thread.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/host/gather_facts.h"
#include "platform/gateway/host/host_lock.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// A changed configuration file: read on a thread of its own, as a file system may take its time and
// stopping must not wait for it, then applied whole or not at all.
namespace ringwire::platform {
namespace {

// A file system that is gone must not keep later reloads waiting.
constexpr absl::Duration kLoadPatience = absl::Minutes(1);

}  // namespace

// Where a loading thread brings its result. Shared with the thread, which may outlive the
// supervisor.
struct Supervisor::Loading {
  const Instant deadline = BootNow() + kLoadPatience;
  const EventFd done;
  Mutex mutex;
  std::optional<ConfigSource> result ABSL_GUARDED_BY(mutex);
};

Supervisor::~Supervisor() = default;

int Supervisor::LoadedFd() const { return loading_ == nullptr ? -1 : loading_->done.get(); }

void Supervisor::StartReload() {
  reload_wanted_ = false;
  loading_ = std::make_shared<Loading>();
  absl::StatusOr<std::thread> thread = StartThread([path = path_, loading = loading_] {
    // Nothing is logged here: the thread may outlive the logger.
    ConfigSource result = LoadConfigToRun(path, KeyFiles::kRead);
    {
      MutexLock lock(&loading->mutex);
      loading->result.emplace(std::move(result));
    }
    loading->done.Raise();
  });
  if (thread.ok()) {
    thread->detach();
    return;
  }
  loading_.reset();
  ReportReload(thread.status());
}

// When the time of a reload is up: its thread is left to itself.
void Supervisor::GiveUpReload() {
  if (loading_ == nullptr || BootNow() < loading_->deadline) return;
  loading_.reset();
  ReportReload(absl::DeadlineExceededError("cannot read it: its file system does not answer"));
}

int Supervisor::MillisecondsToAct() const {
  Instant next = look_at_.value_or(Instant::InfiniteFuture());
  if (loading_ != nullptr) next = std::min(next, loading_->deadline);
  if (next.IsInfiniteFuture()) return -1;
  return static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(next - BootNow()) + 1));
}

void Supervisor::FinishReload() {
  if (loading_ == nullptr) return;
  loading_->done.Clear();
  ConfigSource loaded;
  {
    MutexLock lock(&loading_->mutex);
    if (!loading_->result.has_value()) return;
    loaded = *std::move(loading_->result);
  }
  loading_.reset();
  warnings_ = loaded.warnings;
  if (loaded.errors.empty()) {
    ReportReload(ApplyReload(std::move(loaded)));
    return;
  }
  spdlog::error("reload {}: {} (the device runs on as it was)", path_, SummaryOf(loaded));
  AdminResult result{false, {}};
  for (const std::string& error : loaded.errors) result.text += error + "\n";
  result.text += fmt::format("{}: {} (the device runs on as it was)", path_,
                             loaded.errors.size() == 1 ? "one error" : "errors");
  AnswerReloads(result);
}

void Supervisor::ReportReload(const absl::Status& status) {
  AdminResult result{status.ok(), {}};
  if (status.ok()) {
    spdlog::info("{} was reloaded", path_);
    for (const std::string& warning : warnings_) spdlog::warn("{}", warning);
    result.text = fmt::format("{}", fmt::join(warnings_, "\n"));
  } else {
    result.text = fmt::format("{}: {} (the device runs on as it was)", path_, MessageOf(status));
    spdlog::error("reload {}", result.text);
  }
  AnswerReloads(result);
}

// The numbers of the plan are reserved; if it comes to nothing, the caller gives them back.
absl::StatusOr<Plan> Supervisor::PlanReload(const ConfigFile& wanted, HostFacts* facts) {
  const absl::StatusOr<StateLock> lock = LockHost();
  if (!lock.ok()) return lock.status();
  absl::Status status = OpenMonitor(wanted);
  if (!status.ok()) return status;
  absl::StatusOr<HostFacts> now = GatherFacts(name_, wanted, *journal_, kStatusDirectory);
  if (!now.ok()) return now.status();
  *facts = facts_;
  facts->predecessor_kill_switch = false;  // its time is over
  facts->interfaces = std::move(now->interfaces);
  if (!wanted.mtu.has_value()) {
    facts->path_mtu = ReadPathMtu(names_.EndpointsOf(wanted), plan_.fwmark, name_);
  }
  facts->sysctls = SysctlsBefore(plan_, facts_, std::move(now->sysctls));
  facts->others = std::move(now->others);
  facts->switches = std::move(now->switches);
  facts->predecessor = now->predecessor;
  // A mark that the file gave is not one to keep: without it a new one is chosen, or none.
  if (loaded_.config.fwmark.value_or(0) != 0) facts->predecessor.mark = 0;
  facts->local_networks = std::move(now->local_networks);
  facts->ways_out = std::move(now->ways_out);
  if (!NeedsPolicyFacts(loaded_.config)) {  // else as before the first change
    facts->tables_in_use = std::move(now->tables_in_use);
    facts->rule_priorities = std::move(now->rule_priorities);
    facts->local_rules = std::move(now->local_rules);
  }
  Plan plan = MakePlan(name_, wanted, *facts);
  if (!plan.refusal.empty()) return absl::FailedPreconditionError(plan.refusal);
  status = CheckSysctlsWritable(SysctlsOf(plan), name_);
  if (!status.ok()) return status;
  if (plan.fwmark != 0 || plan.place.has_value()) status = Reserve(plan);
  if (!status.ok()) return status;
  return plan;
}

// Sockets have their mark before there is a rule that would lead their datagrams into the tunnel,
// and keep it until there is none.
absl::Status Supervisor::Change(const ConfigFile& wanted, const Plan& plan) {
  const bool starts = plan.fwmark != 0 && plan_.fwmark == 0;
  const bool ends = plan.fwmark == 0 && plan_.fwmark != 0;
  socket_grants_.AlsoAllow(wanted.listen_port.value_or(0), plan.fwmark);
  absl::Status status;
  if (starts) status = SetMark(plan.fwmark);
  if (!status.ok()) return status;
  status = ApplyDifference(plan_, plan, &*host_, &*journal_, [&] {
    return ConfigureRelay(wanted, ends ? plan_.fwmark : plan.fwmark);
  });
  absl::Status marked;
  if (ends && status.ok()) marked = SetMark(0);
  if (starts && !status.ok()) marked = SetMark(0);
  if (!marked.ok()) spdlog::warn("{}: {}", name_, MessageOf(marked));
  return status;
}

absl::Status Supervisor::ApplyReload(ConfigSource wanted) {
  const ConfigFile& before = loaded_.config;
  ConfigFile& config = wanted.config;
  if (config.gateway.network_namespace != before.gateway.network_namespace) {
    return absl::FailedPreconditionError(
        "another Namespace needs a restart (`ringwire down`, then `up`)");
  }
  const absl::StatusOr<std::vector<crypto::PublicKey>> on_device = PeersOfDevice();
  if (!on_device.ok()) return on_device.status();
  const std::vector<std::string> live = WarningsOfLivePeers(*on_device, named_, config);
  HostFacts facts;
  absl::StatusOr<Plan> plan = PlanReload(config, &facts);
  absl::Status status = plan.status();
  if (status.ok()) status = Change(config, *plan);
  if (!status.ok()) {
    absl::Status restored = OpenMonitor(before);
    restored.Update(Reserve(plan_));
    if (!restored.ok()) spdlog::warn("{}: {}", name_, MessageOf(restored));
    return status;
  }
  for (const std::string& warning : live) warnings_.push_back(path_ + ": " + warning);
  for (const std::string& warning : plan->warnings) warnings_.push_back(name_ + ": " + warning);
  if (config.workers != before.workers || config.io_backend != before.io_backend ||
      config.offloads != before.offloads) {
    warnings_.push_back(path_ + ": Workers, IoBackend and Offload take effect at the next start");
  }
  facts_ = std::move(facts);
  networks_at_start_ = facts_.local_networks;
  plan_ = *std::move(plan);
  loaded_ = std::move(wanted);
  ForgetKeys();
  socket_grants_.SetConfigured(loaded_.config.listen_port.value_or(0), plan_.fwmark);
  status = Reserve(plan_);
  if (!status.ok()) return status;
  SetNameRules(loaded_.config.gateway.kill_switch.on);
  for (const std::string& warning : WarningsOfFirewalls()) warnings_.push_back(warning);
  return names_.Follow(loaded_.config, path_);
}

absl::Status Supervisor::ConfigureRelay(const ConfigFile& wanted, uint32_t fwmark) {
  std::string text = ToDeviceText(wanted, named_, names_.EndpointsOf(wanted), fwmark);
  const absl::Status status = AskRelay(RelayVerb::kConfigure, text, {RelayVerb::kDone}).status();
  crypto::Cleanse(text.data(), text.size());
  return status;
}

absl::StatusOr<std::vector<crypto::PublicKey>> Supervisor::PeersOfDevice() {
  const absl::StatusOr<RelayMessage> reply =
      AskRelay(RelayVerb::kGivePeers, {}, {.reply = RelayVerb::kPeers, .body_max = kPeersBodyMax});
  if (!reply.ok()) return reply.status();
  std::optional<std::vector<crypto::PublicKey>> keys = ParseKeys(reply->body, kPeersMax);
  if (!keys.has_value()) return absl::InternalError("the relay process sent an invalid message");
  return *std::move(keys);
}

absl::Status Supervisor::SetMark(uint32_t mark) {
  const std::string_view body(reinterpret_cast<const char*>(&mark), sizeof(mark));
  return AskRelay(RelayVerb::kSetMark, body, {RelayVerb::kDone}).status();
}

}  // namespace ringwire::platform
