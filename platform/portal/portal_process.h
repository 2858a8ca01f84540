#ifndef RINGWIRE_PLATFORM_PORTAL_PORTAL_PROCESS_H_
#define RINGWIRE_PLATFORM_PORTAL_PORTAL_PROCESS_H_

#include <sys/types.h>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The process that talks TLS and HTTP with clients that nobody knows yet. This program is started
// anew under another name, so it has no memory of its supervisor; listeners and settings come
// through its channel. It gives up all rights before the first client. Returns the process' exit
// code when the other end of `channel` is closed.
int RunPortal(UniqueFd channel, pid_t supervisor);

// The name under which it is started, and the descriptor of its channel.
inline constexpr char kPortalProgram[] = "ringwire-portal";
inline constexpr int kPortalChannel = 3;

// Its main function: `arguments` are those of main.
bool IsPortalProgram(int argc, char** argv);
int RunPortalProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PORTAL_PORTAL_PROCESS_H_
