#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "platform/app/commands.h"
#include "platform/app/show_text.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

struct ShowArguments {
  std::string interface_name = "all";
  bool json = false;
};

bool WantsColour() {
  const char* const mode = std::getenv("WG_COLOR_MODE");
  const std::string_view wanted = mode == nullptr ? "auto" : mode;
  if (wanted == "always") return true;
  if (wanted == "never" || std::getenv("NO_COLOR") != nullptr) return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

absl::StatusOr<std::string> ShowOne(const std::string& interface_name, bool json) {
  absl::StatusOr<std::string> answer = AskDevice(interface_name, "status");
  if (!answer.ok()) return answer.status();
  if (json) return *answer + "\n";
  const absl::StatusOr<StatusReport> report = ReportFromJson(*answer);
  if (!report.ok()) return report.status();
  return FormatShow(*report, absl::Now(), WantsColour());
}

int Show(const ShowArguments& arguments) {
  const bool all = arguments.interface_name == "all";
  const absl::Status name = CheckInterfaceName(arguments.interface_name);
  if (!name.ok()) return ReportError(name);
  const std::vector<std::string> names =
      all ? RunningInterfaces() : std::vector<std::string>{arguments.interface_name};
  int exit_code = kExitSuccess;
  bool first = true;
  for (const std::string& interface_name : names) {
    const absl::StatusOr<std::string> text = ShowOne(interface_name, arguments.json);
    if (!text.ok()) {
      // The socket of a process that was killed: `all` means those that run.
      if (!all || !absl::IsNotFound(text.status())) exit_code = ReportError(text.status());
      continue;
    }
    const std::string gap = first || arguments.json ? "" : "\n";
    if (WriteOutput("the state of " + interface_name, gap + *text) != kExitSuccess) {
      return kExitFailure;
    }
    first = false;
  }
  return exit_code;
}

}  // namespace

Command AddShowCommand(CLI::App* app) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* const parser = app->add_subcommand("show", "Show the state of running interfaces");
  parser->add_option("IFNAME", arguments->interface_name, "The interface; all without it");
  parser->add_flag("--json", arguments->json, "Print one line of JSON per interface");
  return {parser, [arguments] { return Show(*arguments); }};
}

}  // namespace ringwire::platform
