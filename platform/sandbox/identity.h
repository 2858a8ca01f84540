#ifndef RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_
#define RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_

#include <sys/types.h>

#include <vector>

#include "absl/status/status.h"
#include "platform/sandbox/policy.h"

namespace ringwire::platform {

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups = {};  // besides
};

// The role's account if the system has it, else unused ids. Reads the system's lists of users and
// groups.
Identity IdentityOf(SandboxRole role);

// Makes this process another user, in no group but those. Call before the first thread. On an
// error the user is unchanged: PermissionDenied if the right is missing, NotFound if the user
// namespace has no such user.
absl::Status Become(const Identity& identity);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_IDENTITY_H_
