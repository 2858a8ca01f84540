#include "platform/netlink/local_networks.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// The shortest prefix of a connected public network: a hostile DHCP server could otherwise claim
// most of the internet.
constexpr int kPublicLengthV4 = 16;
constexpr int kPublicLengthV6 = 48;
// The shortest prefix of a network behind another tunnel.
constexpr int kTunnelLengthV4 = 8;
constexpr int kTunnelLengthV6 = 16;

Prefix Literal(std::string_view text) {
  const std::optional<Prefix> prefix = Prefix::Parse(text);
  CHECK(prefix.has_value());
  return *prefix;
}

// RFC 1918, 6598, 3927, 4193, 4291, and multicast.
bool IsPrivate(const Prefix& prefix) {
  static const std::array<Prefix, 9> kRanges = {
      Literal("10.0.0.0/8"),    Literal("172.16.0.0/12"),  Literal("192.168.0.0/16"),
      Literal("100.64.0.0/10"), Literal("169.254.0.0/16"), Literal("224.0.0.0/4"),
      Literal("fc00::/7"),      Literal("fe80::/10"),      Literal("ff00::/8")};
  return std::ranges::any_of(kRanges,
                             [&prefix](const Prefix& range) { return prefix.IsWithin(range); });
}

bool IsAtLeast(const Prefix& prefix, int length_v4, int length_v6) {
  return prefix.length >= (prefix.address.family == IpFamily::kV4 ? length_v4 : length_v6);
}

// Decided by the host's own addresses: a router may advertise any network as on-link, and the
// kernel then makes a route like those of addresses.
bool IsConnected(const HostRoute& route) {
  if (route.has_gateway || !route.has_address) return false;
  return route.protocol == RTPROT_KERNEL ||
         (route.protocol == RTPROT_RA && route.prefix.address.family == IpFamily::kV6);
}

bool IsToldByNetwork(const HostRoute& route) {
  // Without an address of the host, only an advertisement makes such a route.
  if (route.protocol == RTPROT_KERNEL) return !route.has_address;
  return route.protocol == RTPROT_REDIRECT || route.protocol == RTPROT_RA ||
         route.protocol == RTPROT_DHCP;
}

bool IsPrivateRoute(const HostRoute& route) {
  return IsPrivate(route.prefix) && !IsToldByNetwork(route) &&
         route.prefix.length < route.prefix.address.Bits();
}

bool IsTunnelRoute(const HostRoute& route) {
  return route.by_tunnel && IsAtLeast(route.prefix, kTunnelLengthV4, kTunnelLengthV6);
}

// Removes a network that is part of an earlier one. Connected and routed networks are not compared.
LocalNetworks Chosen(std::vector<LocalNetwork> networks) {
  std::ranges::sort(networks, [](const LocalNetwork& a, const LocalNetwork& b) {
    return std::tuple(!a.connected, a.prefix.length, a.prefix) <
           std::tuple(!b.connected, b.prefix.length, b.prefix);
  });
  LocalNetworks chosen;
  for (const LocalNetwork& network : networks) {
    const bool known = std::ranges::any_of(chosen.networks, [&network](const LocalNetwork& other) {
      return network.prefix.IsWithin(other.prefix);
    });
    if (known) continue;
    if (chosen.networks.size() < kLocalNetworksMax) {
      chosen.networks.push_back(network);
    } else {
      ++chosen.omitted;
    }
  }
  return chosen;
}

}  // namespace

const LocalNetwork* LocalNetworks::NetworkOf(const IpAddress& address) const {
  const LocalNetwork* found = nullptr;
  for (const LocalNetwork& network : networks) {
    if (!network.prefix.Contains(address)) continue;
    if (network.connected) return &network;
    found = &network;
  }
  return found;
}

bool IsLocal(const HostRoute& route) {
  if (IsLocalLater(route) || IsPrivateRoute(route)) return true;
  return IsConnected(route) && IsAtLeast(route.prefix, kPublicLengthV4, kPublicLengthV6);
}

bool IsLocalLater(const HostRoute& route) {
  if (route.prefix.length == 0) return false;
  if (IsConnected(route) && IsPrivate(route.prefix)) return true;
  // Scripts of DHCP clients add routes like a person does.
  return (IsPrivateRoute(route) && route.protocol > RTPROT_BOOT) || IsTunnelRoute(route);
}

bool IsToWorld(const HostRoute& route) {
  if (IsPrivate(route.prefix)) return false;
  return !IsConnected(route) || !IsAtLeast(route.prefix, kPublicLengthV4, kPublicLengthV6);
}

bool IsWide(const Prefix& prefix) { return !IsAtLeast(prefix, kTunnelLengthV4, kTunnelLengthV6); }

LocalNetworks LocalNetworksOf(std::span<const HostRoute> routes) {
  std::vector<LocalNetwork> networks;
  for (const HostRoute& route : routes) {
    if (IsLocal(route)) networks.push_back({route.prefix, IsConnected(route)});
  }
  return Chosen(std::move(networks));
}

bool IsByHand(const HostRoute& route) {
  return route.protocol == RTPROT_BOOT || route.protocol == RTPROT_STATIC;
}

LocalNetworks WithNetworksOfHooks(const LocalNetworks& local, std::span<const Prefix> of_hooks) {
  std::vector<LocalNetwork> networks = local.networks;
  for (const Prefix& prefix : of_hooks) {
    if (!IsWide(prefix)) networks.push_back({prefix});
  }
  LocalNetworks with = Chosen(std::move(networks));
  with.omitted += local.omitted;
  return with;
}

LocalNetworks LocalNetworksLater(const LocalNetworks& at_start, std::span<const HostRoute> routes) {
  std::vector<LocalNetwork> networks = at_start.networks;
  for (const HostRoute& route : routes) {
    if (IsLocalLater(route)) networks.push_back({route.prefix, IsConnected(route)});
  }
  LocalNetworks later = Chosen(std::move(networks));
  later.omitted += at_start.omitted;
  return later;
}

}  // namespace ringwire::platform
