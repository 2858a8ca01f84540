#ifndef RINGWIRE_PLATFORM_APP_COMMANDS_H_
#define RINGWIRE_PLATFORM_APP_COMMANDS_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ringwire::platform {

// One command: how the command line describes it, and what it does when it was chosen (returns the
// exit code).
struct Command {
  CLI::App* parser = nullptr;
  std::function<int()> run;
};

// Each is in the file of its name; each adds itself to `app`.
Command AddRunCommand(CLI::App* app);
Command AddUpCommand(CLI::App* app);  // run_command.cc
Command AddBlockCommand(CLI::App* app);
Command AddConnectCommand(CLI::App* app);
Command AddDownCommand(CLI::App* app);
Command AddReloadCommand(CLI::App* app);
Command AddSaveCommand(CLI::App* app);
Command AddUpgradeCommand(CLI::App* app);  // these three: reload_command.cc
Command AddShowCommand(CLI::App* app);
Command AddLogCommand(CLI::App* app);
Command AddHealthCommand(CLI::App* app);
Command AddEventsCommand(CLI::App* app);
Command AddExporterCommand(CLI::App* app);
// `program`: what the command line says behind ExecWords().
Command AddExecCommand(CLI::App* app, std::vector<std::string> program);
// How many of the words of a command line ringwire itself has to understand: all, but where they
// say `exec`, as what is run has options of its own.
size_t ExecWords(std::span<char* const> words);
Command AddAddPeerCommand(CLI::App* app);
Command AddRemovePeerCommand(CLI::App* app);  // peer_commands.cc
Command AddCheckCommand(CLI::App* app);
Command AddDoctorCommand(CLI::App* app);
Command AddSetupCommand(CLI::App* app);
Command AddStripCommand(CLI::App* app);
Command AddForgetCommand(CLI::App* app);
Command AddUserCommand(CLI::App* app);
Command AddGenkeyCommand(CLI::App* app);
Command AddGenpskCommand(CLI::App* app);
Command AddPubkeyCommand(CLI::App* app);
// `ringwire [-f] IFNAME`: the root itself.
Command MakeDeviceCommand(CLI::App* app);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_COMMANDS_H_
