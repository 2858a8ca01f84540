#ifndef RINGWIRE_PLATFORM_PROCESS_PRIVILEGES_H_
#define RINGWIRE_PLATFORM_PROCESS_PRIVILEGES_H_

#include "absl/status/status.h"

namespace ringwire::platform {

// Call first in the process: files that it creates are readable only by their owner, and its
// memory, which holds keys, reaches no core dump and no debugger of another process.
void ProtectProcess();

// Restores the umask and, as far as allowed, the limit of core dumps, for a program that replaces
// this one.
void UnprotectProcess();

// PermissionDenied, with the fix, unless the process has CAP_NET_ADMIN.
absl::Status CheckNetAdmin();

// Gives up every capability and the way to gain any by being root, and makes sure of it. Call when
// the process has become another user.
absl::Status DropEveryPrivilege();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_PRIVILEGES_H_
