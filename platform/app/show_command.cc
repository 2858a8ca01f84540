#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "nlohmann/json.hpp"
#include "platform/app/commands.h"
#include "platform/app/cut_off.h"
#include "platform/app/show_text.h"
#include "platform/app/status_client.h"
#include "platform/base/json_fields.h"
#include "platform/base/paths.h"
#include "platform/observe/show_fields.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr int kWatchMs = 2000;
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

struct ShowArguments {
  std::string interface_name = "all";
  std::string field;
  bool json = false;
  bool watch = false;
  ShowOptions options;
};

bool IsTerminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool WantsColour() {
  const char* const mode = std::getenv("WG_COLOR_MODE");
  const std::string_view wanted = mode == nullptr ? "auto" : mode;
  if (wanted == "always") return true;
  if (wanted == "never" || std::getenv("NO_COLOR") != nullptr) return false;
  return IsTerminal();
}

// Columns; 0: no terminal, so that lines stay whole for other programs.
size_t WidthOfTerminal() {
  winsize size{};
  if (!IsTerminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

// Of a client's lease, which its supervisor knows. Empty: it has none, or this user may not ask.
std::string AccessOf(const std::string& interface_name) {
  const absl::StatusOr<std::string> answer = AskAdministration(interface_name, "access");
  if (!answer.ok()) return {};
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  return TextIn(json, "warnings").value_or("");
}

absl::StatusOr<std::string> ShowOne(const std::string& interface_name,
                                    const ShowArguments& arguments) {
  ASSIGN_OR_RETURN(std::string answer, AskDevice(interface_name, "status"));
  if (arguments.json) return answer + "\n";
  ASSIGN_OR_RETURN(const StatusReport report, ReportFromJson(answer));
  if (!arguments.field.empty()) {
    const bool names_interface = arguments.interface_name == "all";
    return *FormatField(report, arguments.field, names_interface);
  }
  ShowOptions options = arguments.options;
  options.access = AccessOf(interface_name);
  return FormatShow(report, absl::Now(), options);
}

int ShowInterfaces(const ShowArguments& arguments, const std::vector<std::string>& names) {
  const bool all = arguments.interface_name == "all";
  int exit_code = kExitSuccess;
  bool first = true;
  for (const std::string& interface_name : names) {
    const absl::StatusOr<std::string> text = ShowOne(interface_name, arguments);
    if (!text.ok()) {
      const bool is_dead = absl::IsNotFound(text.status());
      const std::string cut_off = is_dead ? CutOffBy(interface_name) : "";
      // The socket of a process that was killed: `all` means those that run.
      if (all && is_dead) continue;
      exit_code = cut_off.empty() ? ReportError(text.status())
                                  : ReportFailure("show " + interface_name, cut_off);
      continue;
    }
    const bool for_people = !arguments.json && arguments.field.empty();
    const std::string gap = first || !for_people ? "" : "\n";
    if (WriteOutput("the state of " + interface_name, gap + *text) != kExitSuccess) {
      return kExitFailure;
    }
    first = false;
  }
  if (all) {
    for (const std::string& text : AllCutOff()) ReportWarning(text);
  }
  return exit_code;
}

int ShowOnce(const ShowArguments& arguments) {
  if (arguments.interface_name == "all") return ShowInterfaces(arguments, RunningInterfaces());
  return ShowInterfaces(arguments, {arguments.interface_name});
}

// As wg: a line, for scripts.
int ListInterfaces() {
  return WriteOutput("the interfaces", fmt::format("{}\n", fmt::join(RunningInterfaces(), " ")));
}

int Show(ShowArguments arguments) {
  if (arguments.interface_name == "interfaces" && arguments.field.empty()) return ListInterfaces();
  const absl::Status name = CheckInterfaceName(arguments.interface_name);
  if (!name.ok()) return ReportError(name);
  arguments.options.colour = WantsColour();
  arguments.options.width = WidthOfTerminal();
  int exit_code = ShowOnce(arguments);
  while (arguments.watch && exit_code == kExitSuccess) {
    ::poll(nullptr, 0, kWatchMs);
    if (IsTerminal()) WriteOutput("the screen", kClearScreen);
    exit_code = ShowOnce(arguments);
  }
  return exit_code;
}

}  // namespace

Command AddShowCommand(CLI::App* app) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* const parser = app->add_subcommand("show", "Show the state of running interfaces");
  parser->add_option("IFNAME", arguments->interface_name,
                     "The interface; all without it; `interfaces` lists their names");
  parser
      ->add_option("FIELD", arguments->field,
                   fmt::format("Only this, for scripts: {}", fmt::join(ShowFields(), ", ")))
      ->check([](const std::string& text) {
        if (std::ranges::find(ShowFields(), text) != ShowFields().end()) return std::string();
        return fmt::format("{} is no field: {}", text, fmt::join(ShowFields(), ", "));
      });
  parser->add_flag("--json", arguments->json, "Print one line of JSON per interface");
  parser->add_flag("--workers", arguments->options.workers,
                   "Show counts of workers and the state of offloads, too");
  parser->add_flag("--watch", arguments->watch, "Show it again every 2 seconds");
  parser->add_option("--filter", arguments->options.filter,
                     "Only peers with this in name, key, endpoint or allowed IPs");
  const std::map<std::string, ShowSort> orders = {{"handshake", ShowSort::kHandshake},
                                                  {"name", ShowSort::kName},
                                                  {"traffic", ShowSort::kTraffic},
                                                  {"endpoint", ShowSort::kEndpoint}};
  parser
      ->add_option_function<std::string>(
          "--sort",
          [arguments, orders](const std::string& text) {
            arguments->options.sort = orders.at(text);
          },
          "The order of peers: handshake, name, traffic or endpoint")
      ->check(CLI::IsMember({"handshake", "name", "traffic", "endpoint"}));
  return {parser, [arguments] { return Show(*arguments); }};
}

}  // namespace ringwire::platform
