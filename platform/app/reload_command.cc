// `ringwire reload IFNAME`, `save IFNAME` and `upgrade IFNAME`: what root asks of a running
// service.
#include <csignal>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/cut_off.h"
#include "platform/app/service_client.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

// Where there is no admin socket, as with a /run that is read-only for the service.
int ReloadBySignal(const std::string& interface, const std::string& tried) {
  const absl::StatusOr<UniqueFd> service = OpenService(interface);
  if (!service.ok()) return ReportError(service.status());
  if (!service->valid()) {
    return ReportError(
        fmt::format("cannot {}: it is not up; `ringwire up {}` starts it", tried, interface));
  }
  const absl::Status status = SignalService(*service, SIGHUP, tried);
  if (!status.ok()) return ReportError(status);
  ReportWarning(tried + ": requested by a signal; the service's log has the result");
  return kExitSuccess;
}

int Ask(const std::string& request, const std::string& interface) {
  const absl::Status name = CheckInterfaceName(interface);
  if (!name.ok()) return ReportError(name);
  const std::string tried = fmt::format("{} {}", request, interface);
  const absl::StatusOr<std::string> answer = AskAdministration(interface, request);
  if (absl::IsNotFound(answer.status())) {
    const std::string cut_off = CutOffBy(interface);
    if (!cut_off.empty()) return ReportFailure(tried, cut_off);
    if (request == "reload") return ReloadBySignal(interface, tried);
    const char* const what = request == "save" ? "there is nothing to save"
                                               : "`ringwire up` starts the installed program";
    return ReportError(fmt::format("cannot {}: it is not up, so {}", tried, what));
  }
  return ReportAnswer(tried, answer);
}

Command AddServiceCommand(CLI::App* app, const std::string& name, const std::string& description) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(name, description);
  parser->add_option("IFNAME", *argument, "The interface, or its configuration file")->required();
  return {parser, [argument, name] { return Ask(name, InterfaceOf(*argument)); }};
}

}  // namespace

Command AddReloadCommand(CLI::App* app) {
  return AddServiceCommand(app, "reload", "Apply a changed configuration file");
}

Command AddSaveCommand(CLI::App* app) {
  return AddServiceCommand(app, "save",
                           "Write the state of a running device into its configuration file");
}

Command AddUpgradeCommand(CLI::App* app) {
  return AddServiceCommand(app, "upgrade",
                           "Let a running tunnel go on with the ringwire that is installed by now");
}

}  // namespace ringwire::platform
