// Requests from the control, status and admin sockets.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/device/validate.h"
#include "platform/control/control_loop.h"
#include "platform/sandbox/call_guard.h"

namespace ringwire::platform {
namespace {

UapiError ToUapiError(const absl::Status& status) {
  if (status.ok()) return {};
  int number = EIO;
  if (absl::IsAlreadyExists(status)) number = EADDRINUSE;
  if (absl::IsPermissionDenied(status)) number = EPERM;
  if (absl::IsInvalidArgument(status)) number = EINVAL;
  if (absl::IsResourceExhausted(status)) number = ENOMEM;
  return {number, std::string(status.message())};
}

absl::Status ValidateAgainst(const DeviceStatus& device, const DeviceUpdate& update) {
  absl::flat_hash_set<crypto::PublicKey> keys;
  for (const PeerStatus& peer : device.peers) keys.insert(peer.public_key);
  return Validate(update, {device.peers.size(),
                           [&keys](const crypto::PublicKey& key) { return keys.contains(key); }});
}

}  // namespace

DeviceStatus ControlLoop::Status() {
  const Moment now = Now();
  return plane_.Status(now.boot, now.wall);
}

UapiError ControlLoop::Apply(const DeviceUpdate& update) {
  // Sockets first, because a busy port refuses the whole change; but only after validating the
  // rest.
  if (listen_.WouldChange(update)) {
    absl::Status status = ValidateAgainst(Status(), update);
    if (status.ok()) {
      const int asker = uapi_ != nullptr ? uapi_->being_served() : -1;
      status = listen_.Change(
          update, {workers_, socket_source_.get(), asker, ladder_->IsOn(Offload::kUdpGro)});
    }
    if (!status.ok()) return ToUapiError(status);
  }
  const Moment now = Now();
  if (update.fwmark.has_value()) source_watch_->Changed(now.boot);
  const absl::Status status = plane_.Apply(now.boot, now.wall, update, &out_);
  plane_.SetListenPort(listen_.port());
  CarryOut(now);
  return ToUapiError(status);
}

StatusReport ControlLoop::Report() {
  StatusReport report;
  report.interface_name = interface_name_;
  report.version = version_;
  report.network_namespace = network_namespace_;
  report.aead_providers = ProviderNames(aead_providers_, has_aes_);
  report.mtu = link_.mtu;
  report.link_up = link_.up;
  SetDevice(Status(), &report);
  std::vector<const WorkerCounters*> threads = {&counters_};
  for (size_t i = 0; i < workers_.size(); ++i) {
    const WorkerCounters& counters = workers_[i]->counters();
    threads.push_back(&counters);
    report.workers.push_back({i, std::string(workers_[i]->backend_name()), CountsOf(counters)});
  }
  report.drops = DropsOf(threads);
  for (const Offload offload : kOffloads) {
    CapabilityLadder::Rung rung = ladder_->Read(offload);
    report.offloads.push_back({std::string(OffloadName(offload)),
                               std::string(RungStateName(rung.state)), std::move(rung.why),
                               rung.falls});
  }
  const RefusedCalls refused = CountRefusedCalls();
  report.sandbox = {static_cast<uint32_t>(::getuid()), missing_walls_, refused.count,
                    refused.last_number};
  return report;
}

uint32_t ControlLoop::InterfaceIndex(const std::string& name) { return names_->IndexOf(name); }

bool ControlLoop::Forget(const crypto::PublicKey& peer) { return plane_.ForgetStamp(peer); }

AdminResult ControlLoop::DoWithoutFile(const AdminRequest& request) {
  if (request.verb == AdminVerb::kForget) {
    if (Forget(request.peer)) return {};
    return {false, "nothing is remembered of this peer"};
  }
  return {false,
          "this device has no configuration file (it was not started with `ringwire run` or `up`)"};
}

}  // namespace ringwire::platform
