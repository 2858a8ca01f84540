#ifndef RINGWIRE_PLATFORM_SANDBOX_CALL_GUARD_H_
#define RINGWIRE_PLATFORM_SANDBOX_CALL_GUARD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "platform/sandbox/policy.h"

namespace ringwire::platform {

// Restricts every thread of this process to the calls that the policy allows, permanently. Call
// after the last thread was made; sets no_new_privs. Unavailable: the kernel has no such filters.
absl::Status GuardCalls(const CallPolicy& policy);

// Calls that were refused so far. Any thread.
struct RefusedCalls {
  uint64_t count = 0;
  int last_number = -1;  // SYS_...; -1: none
};
RefusedCalls CountRefusedCalls();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CALL_GUARD_H_
