#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/wire/address.h"

namespace ringwire::platform {

// The largest packet that fits all routes to these endpoints, for a socket with that mark: the
// route's MTU, else its device's. If no route leads to an endpoint, the MTU of the default routes.
// Routes through `interface`, the tunnel itself, do not count. nullopt: there is none, or the
// kernel does not report it.
std::optional<uint32_t> ReadPathMtu(std::span<const std::optional<SocketAddress>> endpoints,
                                    uint32_t fwmark, std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_
