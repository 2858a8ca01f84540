#include <utility>

#include "core/base/status_macros.h"
#include "core/config/live_peers.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/base/clock.h"
#include "platform/process/report_error.h"
#include "platform/process/service_notify.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// A changed configuration file: loaded, then applied whole or not at all.
namespace ringwire::platform {

void Supervisor::StartReload() {
  reload_wanted_ = false;
  NotifyReloading();
  if (!has_file_) {
    return ReportReload(absl::FailedPreconditionError(
        "it was connected by the server's name, so there is no file to load"));
  }
  const absl::Status status = loader_.Start(path_);
  if (!status.ok()) ReportReload(status);
}

void Supervisor::GiveUpReload() {
  if (!loader_.GiveUp(BootNow())) return;
  ReportReload(absl::DeadlineExceededError("cannot read it: its file system does not answer"));
}

void Supervisor::FinishReload() {
  std::optional<ConfigSource> loaded = loader_.Take();
  if (!loaded.has_value()) return;
  warnings_ = loaded->warnings;
  if (loaded->errors.empty()) {
    return ReportReload(parts_.lease != nullptr ? ApplyOwn(std::move(loaded->config))
                                                : ApplyReload(*std::move(loaded)));
  }
  spdlog::error("reload {}: {} (the device runs on as it was)", path_, SummaryOf(*loaded));
  AdminResult result{false, {}};
  for (const std::string& error : loaded->errors) result.text += error + "\n";
  result.text += fmt::format("{}: {} (the device runs on as it was)", path_,
                             loaded->errors.size() == 1 ? "one error" : "errors");
  EndReload(result);
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
  EndReload(result);
}

void Supervisor::EndReload(const AdminResult& result) {
  NotifyReady(result.ok ? "reloaded"
                        : "a reload failed, so the tunnel runs on as it was: see the log");
  requests_.AnswerTakenReloads(result);
}

absl::Status Supervisor::ApplyReload(ConfigSource wanted) {
  const ConfigFile& before = tunnel_.in_force().config;
  ConfigFile& config = wanted.config;
  if (config.gateway.network_namespace != before.gateway.network_namespace) {
    return absl::FailedPreconditionError(
        "another Namespace needs a restart (`ringwire down`, then `up`)");
  }
  ASSIGN_OR_RETURN(const std::vector<crypto::PublicKey> on_device, relay_.Peers());
  std::vector<std::string> warnings;
  for (const std::string& warning : WarningsOfLivePeers(on_device, named_, config)) {
    warnings.push_back(path_ + ": " + warning);
  }
  const bool needs_restart = config.workers != before.workers ||
                             config.io_backend != before.io_backend ||
                             config.offloads != before.offloads;
  const auto endpoints = names_.EndpointsOf(config);
  NamedValues named = NamedIn(config);
  const crypto::PublicKey public_key = PublicKeyOf(config);
  ASSIGN_OR_RETURN(PlannedChange change, tunnel_.PlanChange(std::move(config), endpoints));
  for (const std::string& warning : change.plan.warnings) {
    warnings.push_back(name_ + ": " + warning);
  }
  const absl::Status changed = Change(std::move(change));
  if (!changed.ok()) {
    tunnel_.Abandon();
    return changed;
  }
  if (needs_restart) {
    warnings.push_back(path_ + ": Workers, IoBackend and Offload take effect at the next start");
  }
  named_ = std::move(named);
  public_key_ = public_key;
  tunnel_.ForgetKeys();
  const InForce& now = tunnel_.in_force();
  relay_.AllowSockets(now.config.listen_port.value_or(0), now.plan.fwmark);
  names_.SetRules(now, now.config.gateway.kill_switch.on);
  FollowPeers();
  for (const std::string& warning : tunnel_.FirewallWarnings()) warnings.push_back(warning);
  const absl::Status followed = FollowEnrol();
  if (!followed.ok()) {
    warnings.push_back(
        fmt::format("{}: [Enrol] runs on as it was: {}", path_, MessageOf(followed)));
  }
  warnings_.insert(warnings_.end(), warnings.begin(), warnings.end());
  return names_.Follow(now.config, path_);
}

// Sockets get their mark before a rule could lead their datagrams into the tunnel, and keep it
// until no rule does.
absl::Status Supervisor::Change(PlannedChange change) {
  const uint32_t mark = change.plan.fwmark;
  const uint32_t mark_before = tunnel_.in_force().plan.fwmark;
  const bool starts = mark != 0 && mark_before == 0;
  const bool ends = mark == 0 && mark_before != 0;
  relay_.AlsoAllowSockets(change.config.listen_port.value_or(0), mark);
  absl::Status status;
  if (starts) status = relay_.SetMark(mark);
  if (!status.ok()) return status;
  status = tunnel_.Replace(std::move(change), [&](const ConfigFile& wanted) {
    std::string text =
        ToDeviceText(wanted, named_, names_.EndpointsOf(wanted), ends ? mark_before : mark);
    const absl::Status configured = relay_.Configure(text);
    crypto::Cleanse(text.data(), text.size());
    return configured;
  });
  if ((ends && status.ok()) || (starts && !status.ok())) {
    const absl::Status marked = relay_.SetMark(0);
    if (!marked.ok()) spdlog::warn("{}: {}", name_, MessageOf(marked));
  }
  return status;
}

}  // namespace ringwire::platform
