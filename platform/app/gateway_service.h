#ifndef RINGWIRE_PLATFORM_APP_GATEWAY_SERVICE_H_
#define RINGWIRE_PLATFORM_APP_GATEWAY_SERVICE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "platform/config/config_source.h"
#include "platform/connect/lease_keeper.h"
#include "platform/relay/device_options.h"

// The service behind `run`, `up` and `connect`.
namespace ringwire::platform {

// What it serves.
struct GatewayJob {
  ConfigSource source;                 // complete
  std::unique_ptr<LeaseKeeper> lease;  // of a client
};
// Makes it, in the process of the service.
using MakeGatewayJob = std::function<absl::StatusOr<GatewayJob>()>;

// A configuration to run, by its path or name. With a [Connect] section it is completed first.
absl::StatusOr<GatewayJob> LoadGatewayJob(const std::string& config);

// Each returns the exit code. In the foreground it runs until a signal, in the background until it
// is up; `interface` names its log.
int RunGatewayInForeground(const DeviceFlags& flags, const MakeGatewayJob& make);
int RunGatewayInBackground(const DeviceFlags& flags, const std::string& interface,
                           const MakeGatewayJob& make);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_GATEWAY_SERVICE_H_
