#ifndef RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_
#define RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/wire/address.h"

// Decides which of the host's routes lead to networks that stay reachable beside a full tunnel. A
// DHCP server or a router can give the host any route, so the existence of a route is not enough.
// Pure.
namespace ringwire::platform {

// A unicast route.
struct HostRoute {
  Prefix prefix;
  uint8_t protocol = 0;      // its origin, as in rtnetlink(7)
  bool has_gateway = false;  // else the network is connected
  bool by_tunnel = false;    // through an interface without DHCP: another tunnel
  bool has_address = false;  // the host has an address in it, on that link
  friend bool operator==(const HostRoute&, const HostRoute&) = default;
};

struct LocalNetwork {
  Prefix prefix;
  bool connected = false;  // connected, else behind a gateway
  friend bool operator==(const LocalNetwork&, const LocalNetwork&) = default;
};

// The kernel tries policy rules one by one.
inline constexpr size_t kLocalNetworksMax = 64;

struct LocalNetworks {
  std::vector<LocalNetwork> networks;  // at most kLocalNetworksMax, none twice
  size_t omitted = 0;                  // how many were left out

  // The network that `address` is in, a connected one if there is one; null: none. Valid as long as
  // `networks` does not change.
  const LocalNetwork* NetworkOf(const IpAddress& address) const;
  friend bool operator==(const LocalNetworks&, const LocalNetworks&) = default;
};

inline constexpr size_t kGatewaysMax = 16;
// The default routes of the main table, except those through one interface.
struct Uplinks {
  bool v4 = false;
  bool v6 = false;
  bool v4_without_gateway = false;  // one of them has none
  std::vector<IpAddress> gateways;  // of IPv4, sorted, at most kGatewaysMax
  friend bool operator==(const Uplinks&, const Uplinks&) = default;
};

// Whether it leads to a local network: a connected one in which the host has an address and that is
// not implausibly wide; or a private range, unless it came from a DHCP server or router or is a
// single host; or a network of another tunnel.
bool IsLocal(const HostRoute& route);
// Whether it also counts if it appears after the tunnel is up: not a public network, which a
// hostile DHCP server might choose for the hosts in it, nor a route of unknown origin (protocol
// unspec).
bool IsLocalLater(const HostRoute& route);

// Whether it leads outside connected networks and private ranges.
bool IsToWorld(const HostRoute& route);
// Whether a route to this prefix covers a large part of the internet.
bool IsWide(const Prefix& prefix);

// The local ones of `routes`, in order: connected ones first, wide ones before narrow ones, none
// that is part of another.
LocalNetworks LocalNetworksOf(std::span<const HostRoute> routes);
// Whether a person or a script made it, as `ip route add` does.
bool IsByHand(const HostRoute& route);
// With the networks that hooks of the configuration gave routes to. The file decides about these,
// so they may also be public networks and single hosts.
LocalNetworks WithNetworksOfHooks(const LocalNetworks& local, std::span<const Prefix> of_hooks);
// The local networks after `routes` have changed: those that were local at the start, and those
// that IsLocalLater.
LocalNetworks LocalNetworksLater(const LocalNetworks& at_start, std::span<const HostRoute> routes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_LOCAL_NETWORKS_H_
