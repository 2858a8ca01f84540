#ifndef RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_PROCESS_H_
#define RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The registrar as a process. This program is started anew under another name, so it has no memory
// of its supervisor. Its root folder becomes that of its leases before it reads a message.

// The name under which it is started; its arguments are the supervisor's process id and the folder.
inline constexpr char kRegistrarProgram[] = "ringwire-registrar";

// Gives up every right and serves until the channel's other end closes. Returns the exit code. The
// process ends with `supervisor`; `folder` is where the leases are.
int RunRegistrar(UniqueFd channel, pid_t supervisor, const std::string& folder);

// Its main function: the arguments are those of main.
bool IsRegistrarProgram(int argc, char** argv);
int RunRegistrarProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_PROCESS_H_
