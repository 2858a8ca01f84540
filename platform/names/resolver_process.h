#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_

#include <sys/types.h>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The process that parses answers of name servers. This program is started anew under another name,
// so it has no memory of its supervisor. It gives up all rights before the first question and opens
// nothing: files and sockets come with the questions. It uses only DNS, hosts and resolv.conf.
// Returns the process' exit code when the other end of `channel` is closed.
int RunResolver(UniqueFd channel, pid_t supervisor);

// The name under which it is started.
inline constexpr char kResolverProgram[] = "ringwire-resolver";

// Its main function: `arguments` are those of main.
bool IsResolverProgram(int argc, char** argv);
int RunResolverProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_
