#ifndef RINGWIRE_PLATFORM_NETLINK_TABLE_NAMES_H_
#define RINGWIRE_PLATFORM_NETLINK_TABLE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>

namespace ringwire::platform {

// The number of a routing table by the name that `ip` knows it by, in /etc/iproute2/rt_tables and
// rt_tables.d, or those of /usr/share/iproute2; nullopt: no such name. Thread-safe.
std::optional<uint32_t> RoutingTableOf(const std::string& name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_TABLE_NAMES_H_
