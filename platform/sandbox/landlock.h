#ifndef RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_
#define RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace ringwire::platform {

// Whether this kernel has Landlock switched on.
bool HasLandlock();

// Takes the whole file system away from this thread and those that it makes, permanently: they
// open, make, rename and remove no file, except that they may remove files from `removable`
// folders. Open descriptors still work. If the kernel can, it also takes away TCP ports, abstract
// sockets and signals to other processes. Sets no_new_privs. Unavailable: this kernel has no
// Landlock.
// What is in `own_folder` stays in reach: its files may be made, read, written and removed. Empty:
// none.
absl::Status ForbidFiles(const std::vector<std::string>& removable = {},
                         const std::string& own_folder = {});

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_LANDLOCK_H_
