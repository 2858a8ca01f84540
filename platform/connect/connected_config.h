#ifndef RINGWIRE_PLATFORM_CONNECT_CONNECTED_CONFIG_H_
#define RINGWIRE_PLATFORM_CONNECT_CONNECTED_CONFIG_H_

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/enrol/pushed_config.h"
#include "crypto/secret.h"

namespace ringwire::platform {

// The configuration of a client's tunnel: the user's own part, completed by the pushed settings
// that the client accepts (enrol::AcceptPushed). The gateway becomes the one peer. It reaches only
// its own addresses and the routes; a gateway can set no hook, table, mark or kill switch. A value
// that the user's part names (MTU, DNS) stays. `own` has a [Connect] section. Pure.
absl::StatusOr<ConfigFile> ConnectedConfig(const ConfigFile& own,
                                           const enrol::PushedConfig& accepted,
                                           const crypto::PresharedKey& preshared_key);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_CONNECTED_CONFIG_H_
