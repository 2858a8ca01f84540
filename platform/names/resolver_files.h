#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"

// What the files of the host say about names. Pure.
namespace ringwire::platform {

// The addresses that a hosts file gives a name, in its order, with port 0. Those with a zone are
// left out.
std::vector<SocketAddress> AddressesInHosts(std::string_view hosts, std::string_view name);

// The names to ask for, one after the other until one is found, as resolv.conf's `search`, `domain`
// and `ndots` want it; each from the root on, with a dot at its end.
std::vector<std::string> NamesToAsk(std::string_view resolv_conf, std::string_view name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_FILES_H_
