#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/wire/address.h"

namespace ringwire::platform {

// The greatest packet that fits every way to these endpoints, as a socket of that mark would send
// it: what the route says, else its device. Without any endpoint that a route leads to, what fits
// the default routes. `interface`, the tunnel itself, is nobody's way. nullopt: there is none, or
// the kernel doesn't tell.
std::optional<uint32_t> ReadPathMtu(std::span<const std::optional<SocketAddress>> endpoints,
                                    uint32_t fwmark, std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_PATH_MTU_H_
