#include "platform/app/runnable_config.h"

#include <vector>

#include "absl/status/status.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

absl::StatusOr<ConfigSource> LoadRunnableConfig(const std::string& argument) {
  ConfigSource source = LoadConfig(argument, KeyFiles::kRead);
  if (!source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(source));
  const std::vector<std::string> deferred = ErrorsOfDeferredKeys(source);
  if (!deferred.empty()) return absl::UnimplementedError(deferred.front());
  return source;
}

void LogWarnings(const ConfigSource& source) {
  for (const std::string& warning : source.warnings) spdlog::warn("{}", warning);
}

}  // namespace ringwire::platform
