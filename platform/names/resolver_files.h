#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"

// Reads the host's files about names. Pure.
namespace ringwire::platform {

// The addresses of a name in a hosts file, in its order, with port 0, without those that have a
// zone.
std::vector<SocketAddress> AddressesInHosts(std::string_view hosts, std::string_view name);

// The names to query in turn until one is found, by resolv.conf's `search`, `domain` and `ndots`;
// each is absolute, with a dot at its end.
std::vector<std::string> NamesToAsk(std::string_view resolv_conf, std::string_view name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_
