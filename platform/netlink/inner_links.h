#ifndef RINGWIRE_PLATFORM_NETLINK_INNER_LINKS_H_
#define RINGWIRE_PLATFORM_NETLINK_INNER_LINKS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/wire/address.h"

// Decides which interfaces lead only to programs, containers and virtual machines of this host: no
// packet leaves the machine through them. Pure.
namespace ringwire::platform {

// An interface as the kernel describes it.
struct Link {
  uint32_t index = 0;
  std::string name;
  std::string kind;     // as `ip link` calls it; empty: hardware, or loopback
  bool is_tap = false;  // of kind tun: Ethernet, as of a virtual machine
  uint32_t below = 0;   // the interface that it stands on; of a veth, the other end; 0: none
  bool below_is_elsewhere = false;  // that one is in another network namespace
  uint32_t master = 0;              // the bridge, bond or VRF that it is a port of; 0: none
  friend bool operator==(const Link&, const Link&) = default;
};

// A route without a gateway makes its prefix a network of its link.
struct LinkRoute {
  uint32_t link = 0;  // 0: several
  Prefix prefix;
  bool has_gateway = false;
  bool is_to_world = false;  // IsToWorld
};

struct InnerLink {
  std::string name;
  bool is_bridge = false;
  std::vector<Prefix> networks;
  friend bool operator==(const InnerLink&, const InnerLink&) = default;
};

// A firewall tries their rules one by one.
inline constexpr size_t kInnerLinksMax = 64;
inline constexpr size_t kInnerNetworksMax = 16;  // of one link

struct InnerLinks {
  std::vector<InnerLink> links;  // at most kInnerLinksMax, with at most kInnerNetworksMax each
  size_t omitted = 0;            // how many links were left out
  friend bool operator==(const InnerLinks&, const InnerLinks&) = default;
};

// - A bridge with at least one port, if all its ports are inner. Hardware is none.
// - A veth to another namespace, unless a route with a gateway leads through it: in a container,
//   that is the way out.
// - A tap, a dummy, and what stands on an inner interface (macvlan, ipvlan, VLAN).
// None through which a route leads to the internet, and no port of another interface. Several ways
// out in one route may be any interface: then none is inner.
InnerLinks InnerLinksOf(std::span<const Link> links, std::span<const LinkRoute> routes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_INNER_LINKS_H_
