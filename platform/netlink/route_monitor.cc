#include "platform/netlink/route_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/status/status.h"

namespace ringwire::platform {

absl::StatusOr<RouteMonitor> RouteMonitor::Open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open a netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  // IPv4 routes disappear with their link without a notification.
  address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "follow changes of routes");
  }
  return RouteMonitor(std::move(socket));
}

void RouteMonitor::Drain() {
  constexpr int kMessagesMax = 10'000;  // poll() reports later messages again
  char byte = 0;
  for (int i = 0; i < kMessagesMax; ++i) {
    // Discards the rest of the message. ENOBUFS: messages were lost, which also means a change.
    if (::recv(socket_.get(), &byte, sizeof(byte), 0) < 0 && errno != ENOBUFS && errno != EINTR) {
      return;
    }
  }
}

}  // namespace ringwire::platform
