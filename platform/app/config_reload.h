#ifndef RINGWIRE_PLATFORM_APP_CONFIG_RELOAD_H_
#define RINGWIRE_PLATFORM_APP_CONFIG_RELOAD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/app/config_source.h"
#include "platform/app/device_runner.h"

namespace ringwire::platform {

// A configuration that `run` can carry out, with its endpoints resolved.
struct RunnableConfig {
  ConfigSource source;
  std::vector<std::optional<SocketAddress>> endpoints;  // one a peer
};

// Loads and resolves; blocks while names are resolved. The error is one line. Logs nothing: the thread of a reload may
// outlive the logger.
absl::StatusOr<RunnableConfig> LoadRunnableConfig(const std::string& argument);
void LogWarnings(const ConfigSource& source);

// Applies a changed configuration file to a running device: only differences touch anything,
// sessions live on. The file is read and its names are resolved on a thread of their own, so that
// the control thread never waits for a resolver.
class ConfigReload {
 public:
  // `device` outlives it; `current` is what runs. `cipher`, if given on the command line, goes before
  // what the file says of the interface.
  ConfigReload(DeviceRunner* device, RunnableConfig current, std::optional<TransportCipher> cipher);
  ~ConfigReload();
  ConfigReload(const ConfigReload&) = delete;
  ConfigReload& operator=(const ConfigReload&) = delete;

  // Returns at once; the log says how it ends. Unavailable: one is under way.
  absl::Status Start();

 private:
  struct Target;

  void Finish(absl::StatusOr<RunnableConfig> loaded);
  absl::Status Apply(RunnableConfig wanted);
  absl::Status ApplyAddresses(const ConfigFile& wanted);

  DeviceRunner* const device_;
  const std::string path_;
  RunnableConfig current_;
  const std::optional<TransportCipher> cipher_;
  bool under_way_ = false;
  const std::shared_ptr<Target> target_;  // shared with the loading thread, which may outlive us
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_CONFIG_RELOAD_H_
