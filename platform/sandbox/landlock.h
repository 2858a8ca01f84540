#ifndef RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_
#define RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace ringwire::platform {

// Whether this kernel has Landlock, and switched on.
bool HasLandlock();

// Takes the whole file system away from this thread and those that it makes, for good: nothing is
// opened, made, renamed or removed any more, but for files that are removed from `removable`
// folders. What is open stays of use. Where the kernel can, also TCP ports, abstract sockets and
// signals to other processes. no_new_privs is set. Unavailable: this kernel has no Landlock.
absl::Status ForbidFiles(const std::vector<std::string>& removable = {});

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_
