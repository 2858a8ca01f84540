#include "platform/app/config_reload.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/base/mutex.h"
#include "core/control/config_diff.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/app/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

// Where a loading thread brings its result: nowhere once the reload object is gone. A resolver may
// take its time, and stopping the device must not wait for it.
struct ConfigReload::Target {
  Mutex mutex;
  ConfigReload* reload ABSL_GUARDED_BY(mutex) = nullptr;
};

namespace {

// Where a file says that a peer is: as it is written and as it was resolved.
struct FileEndpoint {
  std::optional<EndpointName> name;
  std::optional<SocketAddress> address;
  friend bool operator==(const FileEndpoint&, const FileEndpoint&) = default;
};
using FileEndpoints = absl::flat_hash_map<crypto::PublicKey, FileEndpoint>;

FileEndpoints EndpointsOf(const RunnableConfig& config) {
  FileEndpoints endpoints;
  const std::vector<PeerConfig>& peers = config.source.config.peers;
  for (size_t i = 0; i < peers.size(); ++i) {
    // Of several blocks of one peer the last one with an endpoint counts.
    if (!peers[i].endpoint.has_value()) continue;
    endpoints[peers[i].public_key] = {peers[i].endpoint, config.endpoints[i]};
  }
  return endpoints;
}

// A peer that has moved since the last file named its endpoint is known better by the device.
void LeaveOutKnownEndpoints(const FileEndpoints& before, const FileEndpoints& wanted,
                            const DeviceStatus& device, DeviceUpdate* update) {
  absl::flat_hash_set<crypto::PublicKey> known;
  for (const PeerStatus& peer : device.peers) {
    if (!peer.endpoint.has_value()) continue;
    const auto old_one = before.find(peer.public_key);
    const auto new_one = wanted.find(peer.public_key);
    if (old_one == before.end() || new_one == wanted.end()) continue;
    if (old_one->second == new_one->second) known.insert(peer.public_key);
  }
  for (PeerUpdate& peer : update->peers) {
    if (known.contains(peer.public_key)) peer.endpoint.reset();
  }
}

}  // namespace

absl::StatusOr<RunnableConfig> LoadRunnableConfig(const std::string& argument) {
  RunnableConfig runnable{LoadConfig(argument, KeyFiles::kRead), {}};
  const ConfigSource& source = runnable.source;
  if (!source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(source));
  const std::vector<std::string> deferred = ErrorsOfDeferredKeys(source);
  if (!deferred.empty()) return absl::UnimplementedError(deferred.front());
  return runnable;
}

void LogWarnings(const ConfigSource& source) {
  for (const std::string& warning : source.warnings) spdlog::warn("{}", warning);
}

ConfigReload::ConfigReload(DeviceRunner* device, NamedEndpoints* names, RunnableConfig current,
                           std::optional<TransportCipher> cipher)
    : device_(device),
      names_(names),
      path_(current.source.path),
      current_(std::move(current)),
      cipher_(cipher),
      addresses_(current_.source.config.addresses),
      target_(std::make_shared<Target>()) {
  MutexLock lock(&target_->mutex);
  target_->reload = this;
}

ConfigReload::~ConfigReload() {
  MutexLock lock(&target_->mutex);
  target_->reload = nullptr;
}

absl::Status ConfigReload::Start() {
  // What is being read may be older than what is meant.
  again_ = under_way_;
  if (under_way_) return absl::OkStatus();
  under_way_ = true;
  std::thread([path = path_, target = target_] {
    auto loaded = std::make_shared<absl::StatusOr<RunnableConfig>>(LoadRunnableConfig(path));
    MutexLock lock(&target->mutex);
    if (target->reload == nullptr) return;
    ControlLoop& loop = target->reload->device_->loop();
    loop.Post([reload = target->reload, loaded] { reload->Finish(std::move(*loaded)); });
  }).detach();
  return absl::OkStatus();
}

void ConfigReload::Finish(absl::StatusOr<RunnableConfig> loaded) {
  under_way_ = false;
  if (loaded.ok()) LogWarnings(loaded->source);
  const absl::Status status = loaded.ok() ? Apply(*std::move(loaded)) : loaded.status();
  if (status.ok()) {
    spdlog::info("{} was reloaded", path_);
  } else {
    spdlog::error("reload {}: {} (the device runs on as it was)", path_, MessageOf(status));
  }
  if (!again_) return;
  const absl::Status started = Start();
  if (!started.ok()) spdlog::error("reload {}: {}", path_, MessageOf(started));
}

// What can be refused comes first and is undone if something after it is refused. The old addresses
// go last, as nothing could be sure to bring them back.
absl::Status ConfigReload::Apply(RunnableConfig wanted) {
  const ConfigFile& config = wanted.source.config;
  // Names may have been found, or found elsewhere, since the last time.
  current_.endpoints = names_->EndpointsOf(current_.source.config);
  wanted.endpoints = names_->EndpointsOf(config);
  std::vector<InterfaceAddress> added;
  absl::Status status = AddAddresses(config.addresses, &added);
  if (status.ok()) status = ApplyMtuAndDevice(wanted);
  if (!status.ok()) {
    RemoveAddresses(added);
    return status;
  }
  ReplaceAddresses(config.addresses);
  const ConfigFile& before = current_.source.config;
  if (config.workers != before.workers || config.io_backend != before.io_backend ||
      config.offloads != before.offloads) {
    spdlog::warn("{}: Workers, IoBackend and Offload take effect at the next start", path_);
  }
  current_ = std::move(wanted);
  return names_->Follow(current_.source.config, path_);
}

absl::Status ConfigReload::ApplyMtuAndDevice(const RunnableConfig& wanted) {
  const uint32_t mtu = wanted.source.config.mtu.value_or(kDefaultMtu);
  if (mtu == current_.source.config.mtu.value_or(kDefaultMtu)) return ApplyDevice(wanted);
  Netlink& netlink = device_->netlink();
  const uint32_t index = device_->interface_index();
  const absl::StatusOr<LinkState> before = netlink.Query(index);
  if (!before.ok()) return before.status();
  absl::Status status = netlink.SetMtu(index, mtu);
  if (!status.ok()) return status;
  status = ApplyDevice(wanted);
  if (status.ok()) return status;
  const absl::Status undone = netlink.SetMtu(index, before->mtu);
  if (!undone.ok()) spdlog::warn("reload {}: {}", path_, MessageOf(undone));
  return status;
}

absl::Status ConfigReload::ApplyDevice(const RunnableConfig& wanted) {
  ControlLoop& loop = device_->loop();
  const DeviceStatus status = loop.Status();
  DeviceUpdate whole = ToDeviceUpdate(wanted.source.config, wanted.endpoints);
  if (cipher_.has_value()) whole.transport_cipher = cipher_;
  LeaveOutKnownEndpoints(EndpointsOf(current_), EndpointsOf(wanted), status, &whole);
  const UapiError error = loop.Apply(Diff(status, whole));
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  return absl::OkStatus();
}

// All of them, not only new ones: that also brings back what somebody else has removed.
absl::Status ConfigReload::AddAddresses(const std::vector<InterfaceAddress>& wanted,
                                        std::vector<InterfaceAddress>* added) {
  for (const InterfaceAddress& address : wanted) {
    const absl::StatusOr<bool> is_new =
        device_->netlink().AddAddress(device_->interface_index(), address);
    if (!is_new.ok()) return is_new.status();
    if (*is_new) added->push_back(address);
  }
  return absl::OkStatus();
}

std::vector<InterfaceAddress> ConfigReload::RemoveAddresses(
    const std::vector<InterfaceAddress>& unwanted) {
  std::vector<InterfaceAddress> left;
  for (const InterfaceAddress& address : unwanted) {
    const absl::Status status =
        device_->netlink().RemoveAddress(device_->interface_index(), address);
    if (status.ok()) continue;
    spdlog::warn("reload {}: {}", path_, MessageOf(status));
    left.push_back(address);
  }
  return left;
}

void ConfigReload::ReplaceAddresses(const std::vector<InterfaceAddress>& wanted) {
  std::erase_if(addresses_, [&wanted](const InterfaceAddress& address) {
    return std::ranges::find(wanted, address) != wanted.end();
  });
  addresses_ = RemoveAddresses(addresses_);  // what is left is tried again by the next reload
  addresses_.insert(addresses_.end(), wanted.begin(), wanted.end());
  // With the first IPv4 address of a network the kernel removes the others of that network.
  std::vector<InterfaceAddress> added;
  const absl::Status status = AddAddresses(wanted, &added);
  if (!status.ok()) spdlog::warn("reload {}: {}", path_, MessageOf(status));
}

}  // namespace ringwire::platform
