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
#include "platform/app/named_endpoints.h"

namespace ringwire::platform {

// A configuration that `run` can carry out, with its endpoints as far as they are known.
struct RunnableConfig {
  ConfigSource source;
  std::vector<std::optional<SocketAddress>> endpoints;  // one a peer
};

// Without endpoints: NamedEndpoints has them. The error is one line. Logs nothing: the thread of a
// reload may outlive the logger.
absl::StatusOr<RunnableConfig> LoadRunnableConfig(const std::string& argument);
void LogWarnings(const ConfigSource& source);

// Applies a changed configuration file to a running device: only differences touch anything,
// sessions live on, and a peer that has moved is left where it is unless the file sends it
// elsewhere. A reload that fails leaves the device as it was. The file is read on a thread of its
// own, so that the control thread never waits for a file; names of it are `names`' concern.
class ConfigReload {
 public:
  // `device` and `names` outlive it; `current` is what runs. `cipher`, if given on the command line,
  // goes before what the file says of the interface.
  ConfigReload(DeviceRunner* device, NamedEndpoints* names, RunnableConfig current,
               std::optional<TransportCipher> cipher);
  ~ConfigReload();
  ConfigReload(const ConfigReload&) = delete;
  ConfigReload& operator=(const ConfigReload&) = delete;

  // Returns at once; the log says how it ends. While one is under way, the file is read once more
  // after it.
  absl::Status Start();

 private:
  struct Target;

  void Finish(absl::StatusOr<RunnableConfig> loaded);
  absl::Status Apply(RunnableConfig wanted);
  absl::Status ApplyMtuAndDevice(const RunnableConfig& wanted);
  absl::Status ApplyDevice(const RunnableConfig& wanted);
  // Appends to `added` those that were not there before, also when it fails.
  absl::Status AddAddresses(const std::vector<InterfaceAddress>& wanted,
                            std::vector<InterfaceAddress>* added);
  // Returns those that could not be removed.
  std::vector<InterfaceAddress> RemoveAddresses(const std::vector<InterfaceAddress>& unwanted);
  // After everything else has been applied: removes the addresses that `wanted` no longer has.
  void ReplaceAddresses(const std::vector<InterfaceAddress>& wanted);

  DeviceRunner* const device_;
  NamedEndpoints* const names_;
  const std::string path_;
  RunnableConfig current_;
  const std::optional<TransportCipher> cipher_;
  std::vector<InterfaceAddress> addresses_;  // of the interface, as far as files named them
  bool under_way_ = false;
  bool again_ = false;                    // asked for while one was under way
  const std::shared_ptr<Target> target_;  // shared with the loading thread, which may outlive us
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_CONFIG_RELOAD_H_
