// `ringwire run CONFIG`: everything in a configuration file, in the foreground, undone at the end;
// and `ringwire up CONFIG`, the same in the background.
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/gateway_service.h"
#include "platform/app/service_client.h"
#include "platform/base/paths.h"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/host/gather_facts.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/process/report_error.h"
#include "platform/relay/device_options.h"

namespace ringwire::platform {
namespace {

struct RunArguments {
  std::string config;
  bool dry_run = false;
  DeviceFlags flags;
};

// Nothing is resolved, and no key is read.
int PrintPlan(const RunArguments& arguments) {
  ConfigSource source = LoadConfigToRun(arguments.config, KeyFiles::kIgnore);
  if (!source.errors.empty()) return ReportError(SummaryOf(source));
  if (source.config.connect.has_value()) {
    return ReportError(fmt::format(
        "cannot plan {}: its addresses and routes come from the gateway, which a plan does not ask",
        source.path));
  }
  const absl::StatusOr<Journal> own = Journal::Copy(kStatusDirectory, source.interface_name);
  if (!own.ok()) return ReportError(own.status());
  absl::StatusOr<HostFacts> facts =
      GatherFacts(source.interface_name, source.config, *own, kStatusDirectory);
  if (!facts.ok()) return ReportError(facts.status());
  std::vector<std::optional<SocketAddress>> endpoints;
  for (const PeerConfig& peer : source.config.peers) {
    if (peer.endpoint.has_value()) endpoints.push_back(NumericAddress(peer.endpoint->host));
  }
  const uint32_t fwmark = MakePlan(source.interface_name, source.config, *facts).fwmark;
  facts->path_mtu = ReadPathMtu(endpoints, fwmark, source.interface_name);
  Plan plan = MakePlan(source.interface_name, source.config, *facts);
  if (!plan.refusal.empty()) return ReportError(plan.refusal);
  for (std::string& warning :
       FirewallWarnings(source.interface_name, source.config, ReadFirewallFacts(source.config))) {
    plan.warnings.push_back(std::move(warning));
  }
  for (std::string& warning : source.warnings) plan.warnings.push_back(std::move(warning));
  return WriteOutput("the plan", CommandsOf(plan, source.interface_name));
}

int Up(const RunArguments& arguments) {
  if (arguments.dry_run) return PrintPlan(arguments);
  // The child changes to the root folder.
  RunArguments absolute = arguments;
  if (absolute.config.find('/') != std::string::npos || absolute.config.ends_with(".conf")) {
    std::error_code error;  // a link stays one: its name is the interface's
    const std::filesystem::path path = std::filesystem::absolute(absolute.config, error);
    if (!error) absolute.config = path.lexically_normal();
  }
  return RunGatewayInBackground(absolute.flags, InterfaceOf(arguments.config),
                                [absolute] { return LoadGatewayJob(absolute.config); });
}

CLI::App* AddGatewayCommand(CLI::App* app, const std::string& name, const std::string& description,
                            RunArguments* arguments) {
  CLI::App* const parser = app->add_subcommand(name, description);
  parser->add_option("CONFIG", arguments->config, kConfigArgumentHelp)->required();
  AddDeviceFlags(parser, &arguments->flags);
  return parser;
}

}  // namespace

Command AddRunCommand(CLI::App* app) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* const parser = AddGatewayCommand(
      app, "run",
      "Set up everything in a configuration file, in the foreground, and undo it at the end",
      arguments.get());
  return {parser, [arguments] {
            return RunGatewayInForeground(
                arguments->flags, [arguments] { return LoadGatewayJob(arguments->config); });
          }};
}

Command AddUpCommand(CLI::App* app) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* const parser = AddGatewayCommand(
      app, "up", "Set up everything in a configuration file, in the background, until `down`",
      arguments.get());
  parser->add_flag("--dry-run", arguments->dry_run,
                   "Print the commands that a person would type, and do nothing");
  return {parser, [arguments] { return Up(*arguments); }};
}

}  // namespace ringwire::platform
