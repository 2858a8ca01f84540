#ifndef RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
#define RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_

#include <functional>

#include "absl/status/status.h"

namespace ringwire::platform {

// What a device runs as: it calls `ready` once it serves, and returns when it has stopped or could
// not start.
using DeviceBody = std::function<absl::Status(const std::function<void()>& ready)>;

// Lets go of the terminal and the pipes of whoever started us, or they would wait for us for ever.
void LetGoOfTerminal(bool keep_stderr);

// Runs `body` in a child process of its own session and returns the exit code for the present one
// as soon as the child is ready or has failed; the child's error line is printed here. Call before
// threads exist. `keep_stderr`: the child goes on logging to it.
int RunInBackground(bool keep_stderr, const DeviceBody& body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
