#ifndef RINGWIRE_PLATFORM_PROCESS_OWN_PROGRAM_H_
#define RINGWIRE_PLATFORM_PROCESS_OWN_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// The descriptor on which such a program finds its channel.
inline constexpr int kOwnProgramChannel = 3;

// Starts this program anew, not by fork(): it has no memory of this process. `arguments` begin with
// the name that tells it what to be. It has standard error and `channel`, which stays the caller's;
// standard input and output are /dev/null. Safe in a process with threads.
absl::StatusOr<pid_t> StartOwnProgram(std::vector<std::string> arguments, int channel);
// The same with the program at `path`, which may be another version of this one.
absl::StatusOr<pid_t> StartProgramAt(const std::string& path, std::vector<std::string> arguments,
                                     int channel);
// The path that this program was started from, where a newer version may be by now. Empty: unknown.
std::string InstalledProgram();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_OWN_PROGRAM_H_
