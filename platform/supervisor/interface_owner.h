#ifndef RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_

#include <string>

#include "absl/status/status.h"
#include "platform/gateway/host/journal.h"

namespace ringwire::platform {

// OK: no interface has that name in `network_namespace` (empty: here), or only a predecessor's
// according to `journal`, which is ending. Otherwise the error names the owner and what to do. Call
// before the first step: hooks must not run for another program's tunnel.
absl::Status CheckNoInterface(const std::string& interface, const std::string& network_namespace,
                              const Journal& journal);

// The other program whose WireGuard interface has the name in this network namespace, and how to
// end it; empty: none.
std::string ForeignOwnerOf(const std::string& interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_
