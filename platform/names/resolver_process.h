#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_

#include <sys/types.h>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The process that parses what name servers send. It is a program of its own (this one, begun anew
// under another name), so that nothing of its supervisor's memory is in it, gives up all rights
// before the first question, and opens nothing: files and sockets come with the questions. It asks
// by DNS alone, and nothing but hosts and resolv.conf is read for it. Returns the process' exit
// code, when the other end of `channel` is closed.
int RunResolver(UniqueFd channel, pid_t supervisor);

// The name that it is begun under, and the descriptor that its channel is then.
inline constexpr char kResolverProgram[] = "ringwire-resolver";
inline constexpr int kResolverChannel = 3;

// What main does for it: `arguments` are those of main.
bool IsResolverProgram(int argc, char** argv);
int RunResolverProgram(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_PROCESS_H_
