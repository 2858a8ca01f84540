// `ringwire health [IFNAME]`: for HEALTHCHECK of containers, probes and scripts.
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "platform/app/commands.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/observe/health.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

struct HealthArguments {
  std::string interface_name = "all";
  bool live = false;
};

// The error: why the interface is not healthy.
absl::StatusOr<std::string> LineOf(const std::string& name, bool live) {
  ASSIGN_OR_RETURN(const std::string answer, AskDevice(name, live ? "ping" : "status"));
  if (live) return name + ": alive";
  ASSIGN_OR_RETURN(const StatusReport report, ReportFromJson(answer));
  Health health = HealthOf(report, absl::Now());
  if (health.ready) return std::move(health.line);
  return absl::UnavailableError(health.line);
}

int CheckHealth(const HealthArguments& arguments) {
  const bool all = arguments.interface_name == "all";
  const absl::Status valid = CheckInterfaceName(arguments.interface_name);
  if (!valid.ok()) return ReportError(valid);
  const std::vector<std::string> names =
      all ? RunningInterfaces() : std::vector<std::string>{arguments.interface_name};
  if (names.empty()) return ReportError("no interface is up; `ringwire up` starts one");
  int exit_code = kExitSuccess;
  for (const std::string& name : names) {
    const absl::StatusOr<std::string> line = LineOf(name, arguments.live);
    if (!line.ok()) {
      exit_code = ReportError(line.status());
    } else if (WriteOutput("the health of " + name, *line + "\n") != kExitSuccess) {
      return kExitFailure;
    }
  }
  return exit_code;
}

}  // namespace

Command AddHealthCommand(CLI::App* app) {
  auto arguments = std::make_shared<HealthArguments>();
  CLI::App* const parser =
      app->add_subcommand("health", "Exit with 0 if interfaces are ready, else say why not");
  parser->add_option("IFNAME", arguments->interface_name, "The interface; all without it");
  parser->add_flag("--live", arguments->live, "Ask only whether the service answers");
  return {parser, [arguments] { return CheckHealth(*arguments); }};
}

}  // namespace ringwire::platform
