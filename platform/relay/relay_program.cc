#include "platform/relay/relay_program.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/base/version.h"
#include "platform/process/own_program.h"
#include "platform/process/report_error.h"
#include "platform/relay/relay.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {
namespace {

struct Arguments {
  RelayProgram program;
  uint32_t protocol = 0;
};

// Throws CLI::ParseError.
Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  RelayProgram& program = arguments.program;
  CLI::App app("takes over the device of another relay", kRelayProgram);
  app.add_option("IFNAME", program.interface_name)->required();
  app.add_option("--protocol", arguments.protocol)->required();
  app.add_option("--supervisor", program.supervisor)->required();
  app.add_option("--namespace", program.network_namespace);
  AddDeviceFlags(&app, &program.flags);
  app.parse(argc, argv);
  return arguments;
}

int Refuse(RelayChannel* channel, const std::string& why) {
  channel->Send(RelayVerb::kFailed, why.substr(0, kRelayBodyMax)).IgnoreError();
  return kExitFailure;
}

}  // namespace

std::vector<std::string> RelayArguments(const RelayProgram& program) {
  const DeviceFlags& flags = program.flags;
  std::vector<std::string> arguments = {kRelayProgram, program.interface_name,
                                        fmt::format("--protocol={}", kRelayProtocol),
                                        fmt::format("--supervisor={}", program.supervisor)};
  const std::pair<const char*, const std::string&> named[] = {
      {"--namespace", program.network_namespace},
      {"--pin", flags.pin},
      {"--busy-poll", flags.busy_poll},
      {"--warm-restart", flags.warm_restart},
      {"--io", flags.io},
      {"--offload", flags.offload},
      {"--cipher", flags.cipher},
      {"--aead", flags.aead},
      {"--log-level", flags.log_level},
      {"--log-format", flags.log_format},
  };
  for (const auto& [name, value] : named) {
    if (!value.empty()) arguments.push_back(fmt::format("{}={}", name, value));
  }
  return arguments;
}

bool IsRelayProgram(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[0]) == kRelayProgram;
}

int RunRelayProgram(int argc, char** argv) {
  RelayChannel channel = RelayChannel::OfRelay(UniqueFd(kOwnProgramChannel));
  Arguments arguments;
  // The library reports by exceptions; they end here.
  try {
    arguments = Parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Refuse(&channel, fmt::format("version {} cannot take over: {}", kVersion, error.what()));
  }
  if (arguments.protocol != kRelayProtocol) {
    return Refuse(&channel, fmt::format("version {} cannot take over from a version this different",
                                        kVersion));
  }
  const RelayProgram& program = arguments.program;
  StartLogging(program.flags);
  DeviceSettings settings;
  settings.name = program.interface_name;
  settings.network_namespace = program.network_namespace;
  settings.supervisor = program.supervisor;
  settings.is_on_its_own = false;
  settings.pin = PinOf(program.flags);
  settings.busy_poll = BusyPollOf(program.flags);
  settings.warm_restart = program.flags.warm_restart == "on";
  settings.io = IoOf(program.flags).value_or(IoBackendChoice::kAuto);
  settings.offloads = OffloadsOf(program.flags).value_or(OffloadSwitches());
  settings.aead = AeadOf(program.flags);
  settings.transport_cipher = CipherOf(program.flags);
  const std::optional<TransportCipher> cipher = settings.transport_cipher;
  return RunSuccessor(std::move(settings), cipher, std::move(channel));
}

}  // namespace ringwire::platform
