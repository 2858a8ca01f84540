#ifndef RINGWIRE_PLATFORM_CONNECT_HOST_LIMITS_H_
#define RINGWIRE_PLATFORM_CONNECT_HOST_LIMITS_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/enrol/client_policy.h"

namespace ringwire::platform {

// The bounds of what a gateway may push to this host now. `own` has a [Connect] section;
// `interface` and its addresses, `of_tunnel`, do not count as the host's.
absl::StatusOr<enrol::ClientLimits> ReadHostLimits(const ConfigFile& own,
                                                   const std::string& interface,
                                                   std::span<const InterfaceAddress> of_tunnel);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_HOST_LIMITS_H_
