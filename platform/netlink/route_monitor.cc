#include "platform/netlink/route_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "core/base/status_macros.h"
#include "platform/netlink/multicast_socket.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t GroupBit(uint32_t group) { return uint32_t{1} << (group - 1); }

}  // namespace

absl::StatusOr<RouteMonitor> RouteMonitor::Open() {
  // IPv4 routes disappear with their link without a notification.
  constexpr uint32_t kGroups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK |
                               RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                               GroupBit(RTNLGRP_IPV4_RULE) | GroupBit(RTNLGRP_IPV6_RULE) |
                               GroupBit(RTNLGRP_IPV4_NETCONF) | GroupBit(RTNLGRP_IPV6_NETCONF);
  ASSIGN_OR_RETURN(UniqueFd socket,
                   OpenMulticast(NETLINK_ROUTE, kGroups, "follow changes of routes"));
  return RouteMonitor(std::move(socket));
}

bool RouteMonitor::Take(absl::FunctionRef<void(nlmsghdr* message)> visit) {
  return TakeMulticast(socket_.get(), visit);
}

}  // namespace ringwire::platform
