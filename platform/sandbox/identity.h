#ifndef RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_
#define RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_

#include <sys/types.h>

#include "absl/status/status.h"
#include "platform/sandbox/policy.h"

namespace ringwire::platform {

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

// The role's account where the system has it, else ids that nobody has. Reads the system's lists of
// users and groups.
Identity IdentityOf(SandboxRole role);

// Makes this process another user, in no group but its own. Before the first thread. Not OK: why
// the process still is who it was; PermissionDenied where it lacks the right, NotFound where its
// user namespace has no such user.
absl::Status Become(const Identity& identity);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_
