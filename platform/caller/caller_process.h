#ifndef RINGWIRE_PLATFORM_CALLER_CALLER_PROCESS_H_
#define RINGWIRE_PLATFORM_CALLER_CALLER_PROCESS_H_

#include <sys/types.h>

#include "core/enrol/caller_messages.h"
#include "platform/base/unique_fd.h"
#include "platform/enrol/message_channel.h"

namespace ringwire::platform {

using SupervisorEndToCaller = MessageChannel<enrol::SupervisorToCaller, enrol::CallerToSupervisor>;
using CallerEndToSupervisor = MessageChannel<enrol::CallerToSupervisor, enrol::SupervisorToCaller>;

// The process that talks TLS and HTTP with a gateway. This program is started anew under another
// name, so it has no memory of its supervisor; it gets sockets and settings with its calls and
// never learns a WireGuard private key. It gives up all rights before the first call, and makes one
// call at a time. Returns the process' exit code when the other end of `channel` is closed.
int RunCaller(UniqueFd channel, pid_t supervisor);

// The name under which it is started, and the descriptor of its channel.
inline constexpr char kCallerProgram[] = "ringwire-caller";
inline constexpr int kCallerChannel = 3;

// Its main function: `arguments` are those of main.
bool IsCallerProgram(int argc, char** argv);
int RunCallerProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CALLER_CALLER_PROCESS_H_
