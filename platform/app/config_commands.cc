// check and strip: what can be said of a configuration file without running it.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/config/config_file.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/base/paths.h"
#include "platform/config/config_source.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan_port_forward.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

int PrintErrors(const ConfigSource& source) {
  for (const std::string& error : source.errors) {
    if (error.starts_with(source.path + ":")) {
      fmt::print(stderr, "{}\n", error);
    } else {
      ReportError(error);  // not about the file's text
    }
  }
  return kExitFailure;
}

int Check(const std::string& argument) {
  ConfigSource source = LoadConfigToRun(argument, KeyFiles::kRead);
  // As far as this user may know of them.
  const std::vector<Reservation> others =
      Journal::ReservationsOfOthers(kStatusDirectory, source.interface_name, CurrentNetworkId());
  for (const std::string& warning : WarningsOfTakenPorts(source.config, others)) {
    source.warnings.push_back(fmt::format("{}: {}", source.path, warning));
  }
  for (const std::string& warning : source.warnings) ReportWarning(warning);
  if (!source.errors.empty()) return PrintErrors(source);
  return WriteOutput("the result", source.path + ": ok\n");
}

int PrintStripped(const std::string& argument) {
  const ConfigSource source = LoadConfig(argument, KeyFiles::kRead);
  if (!source.errors.empty()) return PrintErrors(source);
  std::string text = Strip(source.config);
  const int exit_code = WriteOutput("the stripped configuration", text);
  crypto::Cleanse(text.data(), text.size());
  return exit_code;
}

Command AddConfigCommand(CLI::App* app, const std::string& name, const std::string& description,
                         int (*run)(const std::string&)) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(name, description);
  parser->add_option("CONFIG", *argument, kConfigArgumentHelp)->required();
  return {parser, [argument, run] { return run(*argument); }};
}

}  // namespace

Command AddCheckCommand(CLI::App* app) {
  return AddConfigCommand(app, "check", "Print every error of a configuration file", &Check);
}

Command AddStripCommand(CLI::App* app) {
  return AddConfigCommand(app, "strip", "Print the part of a configuration that wg setconf accepts",
                          &PrintStripped);
}

}  // namespace ringwire::platform
