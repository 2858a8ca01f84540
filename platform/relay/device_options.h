#ifndef RINGWIRE_PLATFORM_RELAY_DEVICE_OPTIONS_H_
#define RINGWIRE_PLATFORM_RELAY_DEVICE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/config/config_file.h"
#include "crypto/aead_provider.h"
#include "platform/process/logging.h"
#include "platform/relay/cpu_budget.h"
#include "platform/worker/spin_policy.h"

namespace CLI {
class App;
}

namespace ringwire::platform {

// The flags that `ringwire IFNAME` and `ringwire run` share, as typed.
struct DeviceFlags {
  std::string workers = "auto";
  std::string pin = "auto";
  std::string busy_poll = "auto";
  std::string warm_restart = "on";
  std::string io;       // empty: from the configuration
  std::string offload;  // likewise
  std::string cipher;   // likewise
  std::string aead = "auto";
  std::string log_level;
  std::string log_format = "text";
};

// Adds the flags to a command.
void AddDeviceFlags(CLI::App* app, DeviceFlags* flags);

// The parsed flags. The command line has checked the values.
std::optional<size_t> WorkersOf(const DeviceFlags& flags);
PinChoice PinOf(const DeviceFlags& flags);
BusyPoll BusyPollOf(const DeviceFlags& flags);
std::optional<IoBackendChoice> IoOf(const DeviceFlags& flags);
crypto::AeadPreference AeadOf(const DeviceFlags& flags);
std::optional<OffloadSwitches> OffloadsOf(const DeviceFlags& flags);
std::optional<TransportCipher> CipherOf(const DeviceFlags& flags);

// Starts logging as the flags, else LOG_LEVEL, else `fallback` say. Returns the level.
spdlog::level::level_enum StartLogging(const DeviceFlags& flags);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_DEVICE_OPTIONS_H_
