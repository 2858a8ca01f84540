// `ringwire block CONFIG`: the kill switch of a configuration before its tunnel, as at boot.
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/config/config_source.h"
#include "platform/process/logging.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/tunnel_on_host.h"

namespace ringwire::platform {
namespace {

absl::Status Block(const std::string& config) {
  ConfigSource source = LoadConfigToRun(config, KeyFiles::kIgnore);
  if (!source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(source));
  const std::string& name = source.interface_name;
  if (!source.config.gateway.kill_switch.on) {
    return absl::FailedPreconditionError(
        fmt::format("cannot block traffic for {}: {} has no kill switch; add `KillSwitch = on`",
                    name, source.path));
  }
  RETURN_IF_ERROR(CheckNetAdmin());
  TunnelOnHost tunnel(name);
  RETURN_IF_ERROR(tunnel.Open(
      {[]() -> absl::StatusOr<uint32_t> { return absl::InternalError("no interface is made"); },
       [] {}}));
  absl::Status status = tunnel.Prepare(std::move(source.config));
  if (status.ok()) status = tunnel.Block();
  tunnel.Close();
  return status;
}

}  // namespace

Command AddBlockCommand(CLI::App* app) {
  auto config = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(
      "block", "Set up the kill switch of a configuration without its tunnel, until `down`");
  parser->add_option("CONFIG", *config, kConfigArgumentHelp)->required();
  return {parser, [config] {
            StartLogging(spdlog::level::warn, LogFormat::kText);
            const absl::Status status = Block(*config);
            return status.ok() ? kExitSuccess : ReportError(status);
          }};
}

}  // namespace ringwire::platform
