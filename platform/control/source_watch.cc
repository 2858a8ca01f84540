#include "platform/control/source_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <initializer_list>
#include <utility>

#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

// Notifications taken in a row: a host whose routes never rest must not keep the thread here.
constexpr int kNotificationsInARow = 256;
// Peers checked in a row, at a few microseconds each.
constexpr size_t kPeersInARow = 256;

uint32_t Groups() {
  uint32_t groups = 0;
  // The kernel does not report routes that disappear with an IPv4 link or address; hence these two.
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
                          RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE}) {
    groups |= uint32_t{1} << (group - 1);
  }
  return groups;
}

}  // namespace

absl::StatusOr<SourceWatch> SourceWatch::Open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open the route monitor");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = Groups();
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "subscribe to route changes");
  }
  ASSIGN_OR_RETURN(RouteLookup lookup, RouteLookup::Open());
  return SourceWatch(std::move(socket), std::move(lookup));
}

// The kind of change does not matter, so messages are not copied; lost ones (ENOBUFS) count as a
// change.
void SourceWatch::TakeNotifications(Instant now) {
  char first_byte = 0;
  for (int i = 0; i < kNotificationsInARow; ++i) {
    const ssize_t size = ::recv(notifications_.get(), &first_byte, sizeof(first_byte), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != ENOBUFS) return;
    schedule_.Changed(now);
  }
}

std::vector<PeerId> SourceWatch::Sweep(Instant now, const ControlPlane& plane,
                                       const RouteLookup::Socket& socket) {
  if (!sweeping_) {
    schedule_.Begin(now);
    sweeping_ = true;
    found_ = false;
    cursor_ = 0;
  }
  std::vector<CachedSource> sources;
  const bool more = plane.ListSources(kPeersInARow, &cursor_, &sources);
  std::vector<PeerId> out_of_place;
  for (const CachedSource& source : sources) {
    if (lookup_.SourceIsOutOfPlace(source.endpoint, socket)) out_of_place.push_back(source.peer);
  }
  found_ = found_ || !out_of_place.empty();
  if (!more) {
    sweeping_ = false;
    schedule_.End(now, found_);
  }
  return out_of_place;
}

}  // namespace ringwire::platform
