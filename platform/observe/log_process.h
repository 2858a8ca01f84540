#ifndef RINGWIRE_PLATFORM_OBSERVE_LOG_PROCESS_H_
#define RINGWIRE_PLATFORM_OBSERVE_LOG_PROCESS_H_

#include <string>

#include "platform/process/background.h"

namespace ringwire::platform {

// The process that writes the log of a service in the background: all that the service, its relay
// and its hooks print goes through two pipes to here, then into the interface's log file and to the
// host's log. It holds no right but these open files, so a process that parses bytes of the network
// can neither fill the disk nor wait for it. Until the service reports its start, it passes
// everything on to the caller as well. Ends when nobody can print any more. Returns the exit code.
int RunLogProcess(const std::string& interface, ServiceOutput output);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_LOG_PROCESS_H_
