#include "platform/netlink/inner_links.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace ringwire::platform {
namespace {

template <size_t count>
bool IsOneOf(const std::array<std::string_view, count>& kinds, std::string_view kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

// What they carry, the host itself sends: a firewall sees it again in the chain `output`.
constexpr std::array<std::string_view, 6> kSealing = {"vxlan",     "geneve", "gretap",
                                                      "ip6gretap", "erspan", "ip6erspan"};
constexpr std::array<std::string_view, 6> kStanding = {"macvlan", "macvtap", "ipvlan",
                                                       "ipvtap",  "vlan",    "macsec"};

class Judge {
 public:
  Judge(std::span<const Link> links, std::span<const LinkRoute> routes)
      : links_(links), routes_(routes) {}

  bool IsInner(const Link& link) {
    if (link.master != 0 || HasRoute(link, &LinkRoute::is_to_world)) return false;
    if (IsPair(link) && HasRoute(link, &LinkRoute::has_gateway)) return false;
    if (link.kind == "tun" && !link.is_tap) return false;
    return !IsOneOf(kSealing, link.kind) && StaysInside(link);
  }

 private:
  static bool IsPair(const Link& link) { return link.kind == "veth" || link.kind == "netkit"; }

  bool HasRoute(const Link& link, bool LinkRoute::* what) const {
    return std::ranges::any_of(routes_, [&link, what](const LinkRoute& route) {
      return route.*what && (route.link == link.index || route.link == 0);
    });
  }

  // Whether frames stay inside that leave by this link, as a port or by a route. Links can form a
  // circle, through the two ends of a veth: a link that is being judged does not decide.
  bool StaysInside(const Link& link) {
    const auto [known, is_new] = known_.try_emplace(link.index, true);
    if (!is_new) return known->second;
    const bool inside = Look(link);
    known_[link.index] = inside;
    return inside;
  }

  bool Look(const Link& link) {
    if (link.kind == "bridge") return AllPortsStayInside(link);
    if (IsPair(link)) return link.below_is_elsewhere || OtherEndStaysInside(link);
    if (link.kind == "tun" || link.kind == "dummy" || link.kind == "ifb") return true;
    if (IsOneOf(kSealing, link.kind)) return true;
    const Link* const below = Find(link.below);
    return IsOneOf(kStanding, link.kind) && !link.below_is_elsewhere && below != nullptr &&
           !HasRoute(*below, &LinkRoute::is_to_world) && StaysInside(*below);
  }

  bool AllPortsStayInside(const Link& bridge) {
    bool has_port = false;
    for (const Link& link : links_) {
      if (link.master != bridge.index) continue;
      has_port = true;
      if (!StaysInside(link)) return false;
    }
    return has_port;
  }

  bool OtherEndStaysInside(const Link& veth) {
    const Link* const other = Find(veth.below);
    if (other == nullptr) return false;
    const Link* const master = Find(other->master);
    return other->master == 0 || (master != nullptr && StaysInside(*master) &&
                                  !HasRoute(*master, &LinkRoute::is_to_world));
  }

  const Link* Find(uint32_t index) const {
    const auto found = std::ranges::find(links_, index, &Link::index);
    return index == 0 || found == links_.end() ? nullptr : &*found;
  }

  const std::span<const Link> links_;
  const std::span<const LinkRoute> routes_;
  std::map<uint32_t, bool> known_;
};

}  // namespace

InnerLinks InnerLinksOf(std::span<const Link> links, std::span<const LinkRoute> routes) {
  InnerLinks inner;
  for (const Link& link : links) {
    // One judge for each: what a circle has assumed is true for its own start only.
    if (!Judge(links, routes).IsInner(link)) continue;
    InnerLink one{link.name, link.kind == "bridge", {}};
    for (const LinkRoute& route : routes) {
      const bool is_network = route.link == link.index && !route.has_gateway;
      if (is_network && one.networks.size() < kInnerNetworksMax) {
        one.networks.push_back(route.prefix);
      }
    }
    if (one.networks.empty() && !one.is_bridge) continue;
    if (inner.links.size() < kInnerLinksMax) {
      inner.links.push_back(std::move(one));
    } else {
      ++inner.omitted;
    }
  }
  return inner;
}

}  // namespace ringwire::platform
