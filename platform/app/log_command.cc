// `ringwire log IFNAME`: what a service in the background and its hooks have printed.
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/service_client.h"
#include "platform/base/paths.h"
#include "platform/observe/log_file.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

int PrintLog(const std::string& interface) {
  const absl::Status name = CheckInterfaceName(interface);
  if (!name.ok()) return ReportError(name);
  const absl::StatusOr<std::string> log = ReadLog(kStatusDirectory, interface);
  if (absl::IsNotFound(log.status())) {
    return ReportError(fmt::format(
        "cannot show the log of {}: {}; `ringwire up` writes one, `ringwire run` logs to "
        "its standard error (under systemd: journalctl -u ringwire@{})",
        interface, MessageOf(log.status()), interface));
  }
  if (!log.ok()) return ReportError(log.status());
  return WriteOutput("the log of " + interface, *log);
}

}  // namespace

Command AddLogCommand(CLI::App* app) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser =
      app->add_subcommand("log", "Print the log of an interface, also when it is down");
  parser->add_option("IFNAME", *argument, "The interface, or its configuration file")->required();
  return {parser, [argument] { return PrintLog(InterfaceOf(*argument)); }};
}

}  // namespace ringwire::platform
