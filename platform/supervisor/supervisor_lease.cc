#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/connect/connect_failure.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// The lease of a client: renewals, settings that the gateway pushes, and the end of access.
namespace ringwire::platform {

// False: access has ended.
bool Supervisor::KeepLease() {
  if (parts_.lease == nullptr) return true;
  LeaseKeeper& lease = *parts_.lease;
  lease.Serve();
  if (BootNow() >= lease.look_at()) {
    const InForce& in_force = tunnel_.in_force();
    lease.set_mark(in_force.plan.fwmark);
    lease.NoteEndpoint(names_.EndpointsOf(in_force.config).front());
    lease.Look();
  }
  if (!lease.ended().ok()) return false;
  if (!loader_.IsLoading() && lease.TakeChange()) ApplyPushed();
  return true;
}

// As a reload: whole, or not at all.
void Supervisor::ApplyPushed() {
  warnings_.clear();
  const absl::Status status = ApplyLease(parts_.lease->own());
  for (const std::string& warning : warnings_) spdlog::warn("{}", warning);
  warnings_.clear();
  if (status.ok()) {
    spdlog::info("{}: settings of the gateway were applied", name_);
    return;
  }
  parts_.lease->ChangeFailed();
  spdlog::error("{}: cannot apply settings of the gateway: {} (the device runs on as it was)",
                name_, MessageOf(status));
}

absl::Status Supervisor::ApplyLease(const ConfigFile& own) {
  ConfigSource wanted;
  ASSIGN_OR_RETURN(wanted.config, parts_.lease->Complete(own, &warnings_));
  return ApplyReload(std::move(wanted));
}

// The user's part was loaded again.
absl::Status Supervisor::ApplyOwn(ConfigFile own) {
  RETURN_IF_ERROR(parts_.lease->Adopt(&own));
  RETURN_IF_ERROR(ApplyLease(own));
  parts_.lease->SetOwn(std::move(own));
  return absl::OkStatus();
}

// The error says why, whatever comes of undoing.
absl::Status Supervisor::EndOfAccess() {
  const absl::Status why = parts_.lease->ended();
  const absl::Status undone = End();
  if (!undone.ok()) spdlog::error("{}", MessageOf(undone));
  return ToConnectTo(parts_.lease->own().connect->server, why);
}

}  // namespace ringwire::platform
