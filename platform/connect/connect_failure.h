#ifndef RINGWIRE_PLATFORM_CONNECT_CONNECT_FAILURE_H_
#define RINGWIRE_PLATFORM_CONNECT_CONNECT_FAILURE_H_

#include "absl/status/status.h"
#include "core/config/config_value.h"
#include "core/enrol/caller_messages.h"

namespace ringwire::platform {

// An error of a call to a gateway, which carries the exit code that a client ends with. Its code is
// PermissionDenied (3, the proof was refused), Unauthenticated (4, not the right server), Aborted
// (5, access has ended) or Unavailable.
absl::Status ConnectFailure(const enrol::CallFailed& failed);

// The exit code of a client that ends with this error; 1 for every error that is none of those.
int ConnectExitCode(const absl::Status& status);

// The same error with "connect to SERVER: " in front of its message.
absl::Status ToConnectTo(const EndpointName& server, const absl::Status& status);

// Whether a login may open again what the gateway has ended: not if a person has revoked it, nor if
// another login has replaced it.
bool MayLogInAgain(const enrol::CallFailed& failed);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_CONNECT_FAILURE_H_
