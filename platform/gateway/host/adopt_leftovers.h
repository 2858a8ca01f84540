#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_ADOPT_LEFTOVERS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_ADOPT_LEFTOVERS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "platform/gateway/host/journal.h"

namespace ringwire::platform {

// If `journal` has no entries, records what a killed predecessor of `interface` has left in this
// thread's network namespace, by what the kernel has: a container that starts again in the same
// namespace has a new /run, and no journal in it. From then on it is like a predecessor with a
// journal, so the new instance takes its numbers and nothing opens in between. It leaves out what
// the journals in `folder`, or nft tables of other interfaces, claim. Changes nothing but the
// journal.
absl::Status AdoptLeftovers(std::string_view interface, const std::string& folder,
                            Journal* journal);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_ADOPT_LEFTOVERS_H_
