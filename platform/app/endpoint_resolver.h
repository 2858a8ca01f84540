#ifndef RINGWIRE_PLATFORM_APP_ENDPOINT_RESOLVER_H_
#define RINGWIRE_PLATFORM_APP_ENDPOINT_RESOLVER_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/control/config_file.h"
#include "core/wire/address.h"

namespace ringwire::platform {

// The endpoints of the configuration's peers, in order, names resolved by the system's resolver.
// Blocks while it asks. The error names the host and the line of the first that cannot be resolved.
absl::StatusOr<std::vector<std::optional<SocketAddress>>> ResolveEndpoints(const ConfigFile& config,
                                                                           const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_ENDPOINT_RESOLVER_H_
