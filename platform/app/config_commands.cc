// check and strip: what can be said of a configuration file without running it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/config/config_file.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/base/paths.h"
#include "platform/config/config_source.h"
#include "platform/config/image_rules.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan_port_forward.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/enrol_files.h"

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

// The certificate, its key and the users, which only [Enrol] names.
void CheckEnrolFiles(ConfigSource* source) {
  if (!source->errors.empty() || !source->config.enrol.has_value()) return;
  const absl::StatusOr<EnrolFiles> files =
      LoadEnrolFiles(source->config, source->path, source->interface_name);
  if (!files.ok()) {
    source->errors.push_back(MessageOf(files.status()));
    return;
  }
  for (const std::string& warning : files->warnings) {
    source->warnings.push_back(fmt::format("{}: {}", source->path, warning));
  }
}

int Check(const std::string& argument) {
  ConfigSource source = LoadConfigToRun(argument, KeyFiles::kRead);
  // As far as this user may know of them.
  const std::vector<Reservation> others =
      Journal::ReservationsOfOthers(kStatusDirectory, source.interface_name, CurrentNetworkId());
  for (const std::string& warning : WarningsOfTakenPorts(source.config, others)) {
    source.warnings.push_back(fmt::format("{}: {}", source.path, warning));
  }
  CheckEnrolFiles(&source);
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

// A warning is worth a line only where nothing is wrong: an error often comes with one.
int PrintImageCheck(const ConfigSource& source) {
  if (!source.errors.empty()) return PrintErrors(source);
  for (const std::string& warning : source.warnings) ReportWarning(warning);
  return WriteOutput("the result", source.path + ": ok\n");
}

// Those below `folder` that become part of an image. None is no error: they may come as variables.
int CheckImage(const std::string& folder) {
  const ConfigEnvironment& environment = ProcessEnvironment();
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".conf") paths.push_back(entry.path().string());
  }
  if (error) {
    return ReportError(fmt::format("cannot list {}: {}; name the folder of configurations", folder,
                                   error.message()));
  }
  std::ranges::sort(paths);
  int exit_code = kExitSuccess;
  if (!environment.allows_baked_key()) {
    for (const std::string& name : environment.NamesOfPlainKeys()) {
      exit_code = ReportError(fmt::format("{}: this variable with a key is part of the image; {}",
                                          name, kBakedKeyAdvice));
    }
  }
  for (const std::string& path : paths) {
    const int checked = PrintImageCheck(LoadConfigForImage(path, environment));
    if (checked != kExitSuccess) exit_code = checked;
  }
  if (!paths.empty() || exit_code != kExitSuccess) return exit_code;
  return WriteOutput("the result", folder + ": no configuration (NAME.conf)\n");
}

}  // namespace

Command AddCheckCommand(CLI::App* app) {
  struct Arguments {
    std::string config;
    bool is_image = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const parser =
      app->add_subcommand("check", "Print every error of a configuration file");
  parser->add_option("CONFIG", arguments->config, kConfigArgumentHelp)->required();
  parser->add_flag("--image", arguments->is_image,
                   "CONFIG is a folder of files for a container image: also refuse keys, hooks and "
                   "DNS in them");
  return {parser, [arguments] {
            return arguments->is_image ? CheckImage(arguments->config) : Check(arguments->config);
          }};
}

Command AddStripCommand(CLI::App* app) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser =
      app->add_subcommand("strip", "Print the part of a configuration that wg setconf accepts");
  parser->add_option("CONFIG", *argument, kConfigArgumentHelp)->required();
  return {parser, [argument] { return PrintStripped(*argument); }};
}

}  // namespace ringwire::platform
