#include "platform/app/runnable_config.h"

#include <utility>

#include "absl/status/status.h"
#include "platform/app/endpoint_resolver.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

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

}  // namespace ringwire::platform
