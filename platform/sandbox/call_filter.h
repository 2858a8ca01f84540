#ifndef RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_
#define RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_

#include <linux/filter.h>

#include <vector>

#include "platform/sandbox/policy.h"

namespace ringwire::platform {

// The policy as a seccomp program. Pure, so that a test can run it over every call without a
// kernel. By hand, not by libseccomp: a rule is three instructions, and one library less is in the
// process that the rules are for. The kernel keeps the answer for a call whose arguments nobody
// looks at in a bitmap (since 5.11), so that neither the length of the program nor the order costs
// a packet anything.
//
// A call that is neither allowed nor fatal traps: seccomp's own answer, an error number, could not
// be counted.
std::vector<sock_filter> MakeCallFilter(const CallPolicy& policy);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CALL_FILTER_H_
