#ifndef RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
#define RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_

#include <functional>

#include "absl/status/status.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The body of a device: it calls `ready` when it serves, and returns when it has stopped or could
// not start.
using DeviceBody = std::function<absl::Status(const std::function<void()>& ready)>;

// Puts /dev/null in the place of the terminal and the pipes of the process that started this one,
// which would wait for this one's end otherwise. `null` is open already: the device's process may
// open nothing by then.
UniqueFd OpenNull();
void LetGoOfTerminal(const UniqueFd& null, bool keep_stderr);

// Runs `body` in a child process with its own session. Returns the exit code for this process when
// the child is ready or has failed, and prints the child's error line. Call before threads exist.
// `keep_stderr`: the child continues to log to it.
int RunInBackground(bool keep_stderr, const DeviceBody& body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
