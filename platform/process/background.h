#ifndef RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
#define RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_

#include <functional>

#include "absl/status/status.h"

namespace ringwire::platform {

// The body of a device: it calls `ready` when it serves, and returns when it has stopped or could
// not start.
using DeviceBody = std::function<absl::Status(const std::function<void()>& ready)>;

// Releases the terminal and pipes of the calling process, which would otherwise wait for us.
void LetGoOfTerminal(bool keep_stderr);

// Runs `body` in a child process with its own session. Returns the exit code for this process when
// the child is ready or has failed, and prints the child's error line. Call before threads exist.
// `keep_stderr`: the child continues to log to it.
int RunInBackground(bool keep_stderr, const DeviceBody& body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
