#ifndef RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_
#define RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/wire/address.h"

// Which of the host's routes lead to networks that stay reachable beside a tunnel which takes
// everything else. Whoever answers a host's DHCP or router solicitations can give it any route, so
// it is not enough that a route is there. Pure.
namespace ringwire::platform {

// A unicast route.
struct HostRoute {
  Prefix prefix;
  uint8_t protocol = 0;      // who made it, as in rtnetlink(7)
  bool has_gateway = false;  // else the network is on the link
  bool by_tunnel = false;    // out of an interface on which nobody answers DHCP: another tunnel
  bool has_address = false;  // the host has one in it, on that very link
  friend bool operator==(const HostRoute&, const HostRoute&) = default;
};

struct LocalNetwork {
  Prefix prefix;
  bool connected = false;  // on a link of this host, else behind a gateway
  friend bool operator==(const LocalNetwork&, const LocalNetwork&) = default;
};

// The kernel goes through policy rules one by one.
inline constexpr size_t kLocalNetworksMax = 64;

struct LocalNetworks {
  std::vector<LocalNetwork> networks;  // at most kLocalNetworksMax, none twice
  size_t omitted = 0;                  // how many more there are

  // Whether `address` is in one of them, and in none that is connected.
  bool IsOnlyRouted(const IpAddress& address) const;
  friend bool operator==(const LocalNetworks&, const LocalNetworks&) = default;
};

// Whether it leads to a local network: one on a link, in which the host has an address, and no
// wider than networks are; or a private range, unless a DHCP server or router has said so or it is
// a single host; or a network of another tunnel.
bool IsLocal(const HostRoute& route);
// Whether it is to count as one also if it appears after the tunnel: not a public network, which a
// hostile DHCP server might choose for the hosts in it, nor a route that nobody says the origin of.
bool IsLocalLater(const HostRoute& route);

// Whether it leads beyond the networks on this host's links and the private ranges.
bool IsToWorld(const HostRoute& route);
// Whether a route to there takes a good part of the internet.
bool IsWide(const Prefix& prefix);

// Of `routes` those that are local, in order: connected ones first, wide ones before narrow ones,
// none that is part of another.
LocalNetworks LocalNetworksOf(std::span<const HostRoute> routes);
// What is local when `routes` have changed: all that was so at the start, and what IsLocalLater.
LocalNetworks LocalNetworksLater(const LocalNetworks& at_start, std::span<const HostRoute> routes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_
