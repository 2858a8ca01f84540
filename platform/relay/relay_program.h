#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_PROGRAM_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "platform/relay/device_options.h"

// A relay process that is started as a program of its own, to take over the device of another
// relay: at an upgrade the program may be another version than its supervisor.
namespace ringwire::platform {

// The name under which it is started.
inline constexpr char kRelayProgram[] = "ringwire-relay";

struct RelayProgram {
  std::string interface_name;
  std::string network_namespace;  // as DeviceSettings
  pid_t supervisor = 0;
  DeviceFlags flags;
};
// Its arguments, with the name and this version's protocol.
std::vector<std::string> RelayArguments(const RelayProgram& program);

// Its main function: `arguments` are those of main. The channel is kOwnProgramChannel.
bool IsRelayProgram(int argc, char** argv);
int RunRelayProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_PROGRAM_H_
