#ifndef RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_

#include <string>

#include "absl/status/status.h"
#include "platform/gateway/host/journal.h"

namespace ringwire::platform {

// OK: no interface has that name where a new one would be (`network_namespace`; empty: here), or
// only that of a predecessor which is about to go, by what `journal` says. Else who has it and how
// to go on. Asked before the first step: hooks must not run on behalf of somebody else's tunnel.
absl::Status CheckNoInterface(const std::string& interface, const std::string& network_namespace,
                              const Journal& journal);

// The WireGuard of another program that has the interface in this network namespace, and what ends
// it; empty: there is none.
std::string ForeignOwnerOf(const std::string& interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_INTERFACE_OWNER_H_
