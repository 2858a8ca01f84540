#include "platform/control/device_requests.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/sandbox/call_guard.h"

namespace ringwire::platform {
namespace {

// They take about 0.2 ms.
constexpr size_t kPeersInAPiece = 64;

UapiError ToUapiError(const absl::Status& status) {
  if (status.ok()) return {};
  int number = EIO;
  if (absl::IsAlreadyExists(status)) number = EADDRINUSE;
  if (absl::IsPermissionDenied(status)) number = EPERM;
  if (absl::IsInvalidArgument(status)) number = EINVAL;
  if (absl::IsResourceExhausted(status)) number = ENOMEM;
  return {number, std::string(status.message())};
}

// Also true if it changes their AllowedIPs.
bool ChangesPeers(const DeviceUpdate& update) {
  return update.replace_peers || std::ranges::any_of(update.peers, [](const PeerUpdate& peer) {
           return peer.remove || !peer.update_only || peer.replace_allowed_ips ||
                  !peer.allowed_ips.empty();
         });
}

}  // namespace

absl::Status DeviceRequests::Open() {
  ASSIGN_OR_RETURN(Netlink names, Netlink::Open());
  names_.emplace(std::move(names));
  return absl::OkStatus();
}

void DeviceRequests::set_listen(const ListenSockets& listen) {
  listen_ = listen;
  options_.driver->plane().SetListenPort(listen.port());
}

DeviceStatus DeviceRequests::Status() {
  const Moment now = Moment::Now();
  return options_.driver->plane().Status(now.boot, now.wall);
}

DeviceStatus DeviceRequests::StatusWithoutPeers() {
  return options_.driver->plane().StatusWithoutPeers(BootNow());
}

bool DeviceRequests::ListPeers(size_t* cursor, std::vector<PeerStatus>* peers) {
  return options_.driver->plane().ListPeers(BootNow(), kPeersInAPiece, cursor, peers);
}

UapiError DeviceRequests::Apply(const DeviceUpdate& update) {
  absl::Status status = ChangeSockets(update);
  if (!status.ok()) return ToUapiError(status);
  if (update.fwmark.has_value()) options_.on_mark_changed();
  status = options_.driver->Apply(update);
  options_.driver->plane().SetListenPort(listen_.port());
  if (on_peers_changed_ && ChangesPeers(update)) on_peers_changed_();
  return ToUapiError(status);
}

// Comes before the rest, because a busy port refuses the whole change; but only after validating
// the rest.
absl::Status DeviceRequests::ChangeSockets(const DeviceUpdate& update) {
  if (!listen_.WouldChange(update)) return absl::OkStatus();
  RETURN_IF_ERROR(options_.driver->plane().Validate(update));
  receive_drops_.Look(SocketsOf(options_.workers->all()));
  return listen_.Change(update, {options_.workers->all(), options_.socket_source.get(),
                                 options_.asker(), options_.ladder->IsOn(Offload::kUdpGro)});
}

StatusReport DeviceRequests::Report() {
  StatusReport report;
  report.interface_name = options_.interface_name;
  report.version = options_.version;
  report.network_namespace = options_.network_namespace;
  report.aead_providers = ProviderNames(options_.aead_providers, options_.has_aes);
  report.stage = stage_;
  report.mtu = link_.mtu;
  report.link_up = link_.up;
  SetDevice(StatusWithoutPeers(), &report);
  report.peer_count = options_.driver->plane().peer_count();
  report.device.other_server_key = InitiationsForOthers();
  std::vector<const WorkerCounters*> threads = {&options_.driver->counters()};
  for (const auto& worker : options_.workers->all()) {
    const WorkerCounters& counters = worker->counters();
    threads.push_back(&counters);
    report.workers.push_back({report.workers.size(), std::string(worker->backend_name()),
                              CountsOf(counters),
                              static_cast<uint64_t>(absl::ToInt64Microseconds(worker->CpuTime()))});
  }
  report.drops = DropsOf(threads);
  receive_drops_.Look(SocketsOf(options_.workers->all()));
  if (receive_drops_.total() != 0) {
    report.drops.emplace_back(ReceiveDrops::kName, receive_drops_.total());
  }
  for (const Offload offload : kOffloads) {
    CapabilityLadder::Rung rung = options_.ladder->Read(offload);
    report.offloads.push_back({std::string(OffloadName(offload)),
                               std::string(RungStateName(rung.state)), std::move(rung.why),
                               rung.falls});
  }
  const RefusedCalls refused = CountRefusedCalls();
  report.sandbox = {static_cast<uint32_t>(::getuid()), missing_walls_, refused.count,
                    refused.last_number};
  return report;
}

// Of all workers together; the last one of any.
StrayInitiations DeviceRequests::InitiationsForOthers() const {
  const Instant now = BootNow();
  StrayInitiations all;
  for (const auto& worker : options_.workers->all()) {
    StrayInitiations its = StrayAt(now, worker->link().other_server_key);
    if (its.count == 0) continue;
    const uint64_t count = all.count + its.count;
    if (all.count == 0 || its.age < all.age) all = its;
    all.count = count;
  }
  return all;
}

bool DeviceRequests::Forget(const crypto::PublicKey& peer) {
  return options_.driver->plane().ForgetStamp(peer);
}

}  // namespace ringwire::platform
