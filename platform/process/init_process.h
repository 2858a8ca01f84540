#ifndef RINGWIRE_PLATFORM_PROCESS_INIT_PROCESS_H_
#define RINGWIRE_PLATFORM_PROCESS_INIT_PROCESS_H_

#include <functional>

namespace ringwire::platform {

// Whether this is the first process of its process namespace, as in a container.
bool IsInitProcess();

// Runs `run` in a child process and does what a first process must: it passes on the signals that
// end or reload a service, and reaps every process that lost its parent. Returns the exit code that
// `run` returned, or 128 and the signal that ended the child. Call before the first thread.
int RunUnderInit(const std::function<int()>& run);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_INIT_PROCESS_H_
