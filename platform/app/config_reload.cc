#include "platform/app/config_reload.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "core/control/config_diff.h"
#include "fmt/format.h"
#include "platform/app/endpoint_resolver.h"
#include "platform/app/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

// Where a loading thread brings its result: nowhere once the reload object is gone. A resolver may
// take its time, and stopping the device must not wait for it.
struct ConfigReload::Target {
  Mutex mutex;
  ConfigReload* reload ABSL_GUARDED_BY(mutex) = nullptr;
};

absl::StatusOr<RunnableConfig> LoadRunnableConfig(const std::string& argument) {
  RunnableConfig runnable{LoadConfig(argument, KeyFiles::kRead), {}};
  const ConfigSource& source = runnable.source;
  if (!source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(source));
  const std::vector<std::string> deferred = ErrorsOfDeferredKeys(source);
  if (!deferred.empty()) return absl::UnimplementedError(deferred.front());
  auto endpoints = ResolveEndpoints(source.config, source.path);
  if (!endpoints.ok()) return endpoints.status();
  runnable.endpoints = *std::move(endpoints);
  return runnable;
}

void LogWarnings(const ConfigSource& source) {
  for (const std::string& warning : source.warnings) spdlog::warn("{}", warning);
}

ConfigReload::ConfigReload(DeviceRunner* device, RunnableConfig current,
                           std::optional<TransportCipher> cipher)
    : device_(device),
      path_(current.source.path),
      current_(std::move(current)),
      cipher_(cipher),
      target_(std::make_shared<Target>()) {
  MutexLock lock(&target_->mutex);
  target_->reload = this;
}

ConfigReload::~ConfigReload() {
  MutexLock lock(&target_->mutex);
  target_->reload = nullptr;
}

absl::Status ConfigReload::Start() {
  if (under_way_) return absl::UnavailableError("reload: one is under way already");
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
}

absl::Status ConfigReload::Apply(RunnableConfig wanted) {
  ControlLoop& loop = device_->loop();
  const ConfigFile& config = wanted.source.config;
  DeviceUpdate whole = ToDeviceUpdate(config, wanted.endpoints);
  if (cipher_.has_value()) whole.transport_cipher = cipher_;
  const DeviceUpdate update = Diff(loop.Status(), whole);
  const UapiError error = loop.Apply(update);
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  absl::Status status = ApplyAddresses(config);
  const uint32_t mtu = config.mtu.value_or(kDefaultMtu);
  if (status.ok() && mtu != current_.source.config.mtu.value_or(kDefaultMtu)) {
    status = device_->netlink().SetMtu(device_->interface_index(), mtu);
  }
  if (status.ok()) current_ = std::move(wanted);
  return status;
}

absl::Status ConfigReload::ApplyAddresses(const ConfigFile& wanted) {
  const std::vector<InterfaceAddress>& before = current_.source.config.addresses;
  const auto contains = [](const std::vector<InterfaceAddress>& all, const InterfaceAddress& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  Netlink& netlink = device_->netlink();
  for (const InterfaceAddress& address : before) {
    if (contains(wanted.addresses, address)) continue;
    const absl::Status status = netlink.RemoveAddress(device_->interface_index(), address);
    if (!status.ok()) return status;
  }
  for (const InterfaceAddress& address : wanted.addresses) {
    if (contains(before, address)) continue;
    const absl::Status status = netlink.AddAddress(device_->interface_index(), address);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ringwire::platform
