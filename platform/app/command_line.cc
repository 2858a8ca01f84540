#include "platform/app/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/mistyped_command.h"
#include "platform/base/version.h"
#include "platform/caller/caller_process.h"
#include "platform/names/resolver_process.h"
#include "platform/portal/portal_process.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/registrar/registrar_process.h"
#include "platform/relay/relay_program.h"

namespace ringwire::platform {
namespace {

int ReportUsage(const std::string& what) {
  ReportError(fmt::format("invalid command line: {} (see ringwire --help)", what));
  return kExitUsage;
}

// Flags of the bare form do not reach a command; silently ignoring them would be worse than
// refusing.
bool HasOwnArguments(const CLI::App& app) {
  const std::vector<const CLI::Option*> options = app.get_options();
  return std::any_of(options.begin(), options.end(),
                     [](const CLI::Option* option) { return option->count() > 0; });
}

// `--name=` in front of a `--`: the library would take the next word for the value.
const char* FindEmptyValue(std::span<char* const> arguments) {
  for (const char* const argument : arguments) {
    const std::string_view text(argument);
    if (text == "--") return nullptr;
    if (text.starts_with("--") && text.ends_with('=')) return argument;
  }
  return nullptr;
}

// wg-quick starts the program that this variable names with the interface that its user has chosen.
bool IsStartedByWgQuick() { return std::getenv("WG_QUICK_USERSPACE_IMPLEMENTATION") != nullptr; }

// The name of `ringwire IFNAME`. Behind `--` every word is an interface.
int RunDevice(const CLI::App& app, const Command& device, const std::vector<Command>& commands,
              std::span<char* const> arguments) {
  const CLI::Option* const option = app.get_option("IFNAME");
  if (option->count() == 0) return ReportUsage("an interface name or a command is missing");
  const std::string name = option->as<std::string>();
  const bool is_explicit = std::ranges::find(arguments, std::string_view("--")) != arguments.end();
  if (is_explicit || IsStartedByWgQuick()) return device.run();
  if (name == "help") return WriteOutput("the help", app.help());
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.parser->get_name());
  const std::string why = WhyNoInterface(name, names);
  if (why.empty()) return device.run();
  ReportError(fmt::format("{} (`ringwire -- {}` creates an interface of that name)", why, name));
  return kExitUsage;
}

// `--licences` stands beside `--version`, in either order.
void AddVersionFlag(CLI::App* app) {
  CLI::Option* const licences = app->add_flag("--licences");
  licences->description("With --version: print the licences of everything in the binary");
  CLI::Option* const version = app->set_version_flag(
      "--version",
      [licences] {
        const std::string line = std::string("ringwire ") + kVersion;
        return licences->count() == 0 ? line : line + "\n\n" + kLicences;
      },
      "Shows the version");
  licences->needs(version);
}

// `program`: the words behind ExecWords().
std::vector<Command> AddCommands(CLI::App* app, std::vector<std::string> program) {
  return {
      AddSetupCommand(app),
      AddRunCommand(app),
      AddUpCommand(app),
      AddConnectCommand(app),
      AddBlockCommand(app),
      AddDownCommand(app),
      AddReloadCommand(app),
      AddSaveCommand(app),
      AddShowCommand(app),
      AddLogCommand(app),
      AddHealthCommand(app),
      AddEventsCommand(app),
      AddExporterCommand(app),
      AddAddPeerCommand(app),
      AddRemovePeerCommand(app),
      AddCheckCommand(app),
      AddDoctorCommand(app),
      AddStripCommand(app),
      AddForgetCommand(app),
      AddUserCommand(app),
      AddGenkeyCommand(app),
      AddGenpskCommand(app),
      AddPubkeyCommand(app),
      AddUpgradeCommand(app),
      AddExecCommand(app, std::move(program)),
  };
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  ProtectProcess();
  if (IsResolverProgram(argc, argv)) return RunResolverProgram(argc, argv);
  if (IsRelayProgram(argc, argv)) return RunRelayProgram(argc, argv);
  if (IsCallerProgram(argc, argv)) return RunCallerProgram(argc, argv);
  if (IsPortalProgram(argc, argv)) return RunPortalProgram(argc, argv);
  if (IsRegistrarProgram(argc, argv)) return RunRegistrarProgram(argc, argv);
  CLI::App app(
      "ringwire: a WireGuard gateway.\n"
      "`ringwire IFNAME` creates an interface that `wg` configures; `ringwire run CONFIG` does all "
      "of a "
      "configuration file.",
      "ringwire");
  AddVersionFlag(&app);
  app.require_subcommand(0, 1);
  const std::span<char* const> words(argv, static_cast<size_t>(argc));
  const size_t own_words = ExecWords(words);
  const Command device = MakeDeviceCommand(&app);
  const std::vector<Command> commands =
      AddCommands(&app, {words.begin() + static_cast<std::ptrdiff_t>(own_words), words.end()});
  if (const char* const empty = FindEmptyValue(words.first(own_words))) {
    return ReportUsage(fmt::format("{} has no value", empty));
  }
  // The library reports by exceptions; they end here.
  try {
    app.parse(static_cast<int>(own_words), argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    return ReportUsage(error.what());
  }
  const auto chosen = std::find_if(commands.begin(), commands.end(),
                                   [](const Command& c) { return c.parser->parsed(); });
  if (chosen == commands.end()) {
    return RunDevice(app, device, commands, words);
  }
  if (HasOwnArguments(app)) return ReportUsage("options belong after the command's name");
  return chosen->run();
}

}  // namespace ringwire::platform
