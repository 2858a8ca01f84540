#ifndef RINGWIRE_PLATFORM_APP_JOIN_NETWORK_H_
#define RINGWIRE_PLATFORM_APP_JOIN_NETWORK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "platform/config/config_source.h"
#include "platform/connect/lease_keeper.h"

namespace ringwire::platform {

// Joins the network that the [Connect] section of `source` names: continues the session of this
// host, or logs in, and completes the configuration. Asks on the terminal for a name and a password
// that the configuration lacks. An error has the client's exit code (ConnectExitCode); then nothing
// of this host was changed. Blocks.
absl::StatusOr<std::unique_ptr<LeaseKeeper>> JoinNetwork(ConfigSource* source);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_JOIN_NETWORK_H_
