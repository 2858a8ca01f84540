#ifndef RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_
#define RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_

#include <linux/filter.h>

#include <vector>

#include "platform/sandbox/policy.h"

namespace ringwire::platform {

// The policy as a seccomp program. Pure, so that a test can run it over every call without a
// kernel. Written by hand, not with libseccomp: a rule is three instructions, and the confined
// process has one library less. The kernel caches the answer for a call without argument rules in a
// bitmap (since 5.11), so neither the length of the program nor its order costs the packet path.
//
// A call that is neither allowed nor fatal traps: seccomp's own error answer could not be counted.
std::vector<sock_filter> MakeCallFilter(const CallPolicy& policy);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_
