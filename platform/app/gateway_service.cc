#include "platform/app/gateway_service.h"

#include <utility>

#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "platform/app/join_network.h"
#include "platform/connect/connect_failure.h"
#include "platform/observe/log_process.h"
#include "platform/process/background.h"
#include "platform/process/block_signals.h"
#include "platform/process/init_process.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/process/service_notify.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

absl::Status ServeGateway(const DeviceFlags& flags, const MakeGatewayJob& make,
                          const std::function<void()>& ready) {
  ASSIGN_OR_RETURN(GatewayJob job, make());
  Supervisor::Parts parts = Supervisor::PartsOf(job.source.interface_name);
  const std::string interface = job.source.interface_name;
  const std::string access = job.lease == nullptr ? "" : job.lease->Describe(absl::Now());
  parts.lease = std::move(job.lease);
  Supervisor supervisor(flags, std::move(job.source), std::move(parts));
  ASSIGN_OR_RETURN(const bool started, supervisor.Start());
  if (!started) return absl::OkStatus();
  if (!access.empty()) spdlog::info("{} is up: {}", interface, access);
  ready();
  return supervisor.Run();
}

int RunService(const DeviceFlags& flags, const MakeGatewayJob& make) {
  StartLogging(flags);
  BlockSignals();
  const absl::Status status = ServeGateway(flags, make, [] { NotifyReady(); });
  if (status.ok()) return kExitSuccess;
  ReportError(status);
  return ConnectExitCode(status);
}

}  // namespace

absl::StatusOr<GatewayJob> LoadGatewayJob(const std::string& config) {
  GatewayJob job{LoadConfigToRun(config, KeyFiles::kRead), nullptr};
  if (!job.source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(job.source));
  RETURN_IF_ERROR(CheckNetAdmin());
  if (!job.source.config.connect.has_value()) return job;
  ASSIGN_OR_RETURN(job.lease, JoinNetwork(&job.source));
  return job;
}

// The first process of a container must reap orphans. The supervisor waits only for processes that
// it started, so another process does that.
int RunGatewayInForeground(const DeviceFlags& flags, const MakeGatewayJob& make) {
  if (!IsInitProcess()) return RunService(flags, make);
  return RunUnderInit([&] { return RunService(flags, make); });
}

int RunGatewayInBackground(const DeviceFlags& flags, const std::string& interface,
                           const MakeGatewayJob& make) {
  BlockSignals();
  const auto run = [&](const std::function<void()>& ready) {
    StartLogging(flags);
    return ServeGateway(flags, make, ready);
  };
  return RunInBackground({}, run, [interface](ServiceOutput output) {
    return RunLogProcess(interface, std::move(output));
  });
}

}  // namespace ringwire::platform
