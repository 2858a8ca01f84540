#ifndef RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_
#define RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/app/config_source.h"

namespace ringwire::platform {

// A configuration that can be carried out, with its endpoints resolved.
struct RunnableConfig {
  ConfigSource source;
  std::vector<std::optional<SocketAddress>> endpoints;  // one a peer
};

// Loads and resolves; blocks while names are resolved. The error is one line. Logs nothing: the
// thread of a reload may outlive the logger.
absl::StatusOr<RunnableConfig> LoadRunnableConfig(const std::string& argument);
void LogWarnings(const ConfigSource& source);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_
