#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_NETLINK_HAS_ROUTE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_NETLINK_HAS_ROUTE_H_

#include <cstdint>

#include "platform/netlink/route_netlink.h"

namespace ringwire::platform {

// Whether that very route is there, told by what adding it comes to.
inline bool HasRoute(RouteNetlink* netlink, const Route& route, uint32_t interface_index) {
  const absl::StatusOr<bool> added = netlink->AddRoute(route, interface_index);
  if (added.ok() && *added) (void)netlink->RemoveRoute(route, interface_index);
  return added.ok() && !*added;
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_NETLINK_HAS_ROUTE_H_
