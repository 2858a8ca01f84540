#ifndef RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_
#define RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "platform/app/config_source.h"

namespace ringwire::platform {

// Loads a configuration that can be carried out. The error is one line. Logs nothing: the thread of
// a reload may outlive the logger.
absl::StatusOr<ConfigSource> LoadRunnableConfig(const std::string& argument);
void LogWarnings(const ConfigSource& source);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_RUNNABLE_CONFIG_H_
