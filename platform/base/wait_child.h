#ifndef RINGWIRE_PLATFORM_BASE_WAIT_CHILD_H_
#define RINGWIRE_PLATFORM_BASE_WAIT_CHILD_H_

#include <sys/types.h>

#include <optional>

#include "absl/time/time.h"

namespace ringwire::platform {

// Waits for the end of a child of this process and returns its status as waitpid(2) has it.
// nullopt: it has not ended within `patience`; even a killed one may hang in the kernel, or belong
// to a user whose processes this one may not kill.
std::optional<int> WaitForChild(pid_t child, absl::Duration patience);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_WAIT_CHILD_H_
