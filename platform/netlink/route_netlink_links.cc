#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/config/gateway_config.h"
#include "platform/netlink/inner_links.h"
#include "platform/netlink/local_networks.h"
#include "platform/netlink/route_message.h"
#include "platform/netlink/route_netlink.h"

// The interfaces of this host.
namespace ringwire::platform {
namespace {

// Far above the number of networks of containers.
constexpr size_t kNetworksReadMax = 4096;

// Interfaces whose far end is configured on this host.
bool IsTunnelKind(std::string_view kind) {
  static constexpr std::array<std::string_view, 10> kKinds = {
      "tun", "wireguard", "ovpn", "gre", "ip6gre", "ipip", "ip6tnl", "vti", "vti6", "xfrm"};
  return std::ranges::find(kKinds, kind) != kKinds.end();
}

uint32_t NumberIn(const nlattr* attribute) {
  return attribute == nullptr ? 0 : nla_get_u32(attribute);
}

void ReadKind(nlattr* attribute, Link* link) {
  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  if (attribute == nullptr ||
      nla_parse_nested(info.data(), IFLA_INFO_MAX, attribute, nullptr) < 0) {
    return;
  }
  if (info[IFLA_INFO_KIND] == nullptr) return;
  link->kind = nla_get_string(info[IFLA_INFO_KIND]);
  std::array<nlattr*, IFLA_TUN_MAX + 1> tun{};
  if (link->kind != "tun" || info[IFLA_INFO_DATA] == nullptr ||
      nla_parse_nested(tun.data(), IFLA_TUN_MAX, info[IFLA_INFO_DATA], nullptr) < 0) {
    return;
  }
  link->is_tap = tun[IFLA_TUN_TYPE] != nullptr && nla_get_u8(tun[IFLA_TUN_TYPE]) == IFF_TAP;
}

std::optional<Link> ReadLink(nlmsghdr* message) {
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(message, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0 ||
      attributes[IFLA_IFNAME] == nullptr) {
    return std::nullopt;
  }
  Link link;
  link.index = static_cast<uint32_t>(static_cast<const ifinfomsg*>(nlmsg_data(message))->ifi_index);
  link.name = nla_get_string(attributes[IFLA_IFNAME]);
  link.below = NumberIn(attributes[IFLA_LINK]);
  link.below_is_elsewhere = attributes[IFLA_LINK_NETNSID] != nullptr;
  link.master = NumberIn(attributes[IFLA_MASTER]);
  ReadKind(attributes[IFLA_LINKINFO], &link);
  return link;
}

}  // namespace

absl::StatusOr<std::vector<Link>> RouteNetlink::Links() {
  std::vector<Link> links;
  std::array<uint8_t, sizeof(ifinfomsg)> header{};
  const absl::Status status = DumpFamily(RTM_GETLINK, header, [&links](nlmsghdr* message) {
    if (std::optional<Link> link = ReadLink(message)) links.push_back(*std::move(link));
  });
  if (!status.ok()) return status;
  return links;
}

absl::StatusOr<std::vector<uint32_t>> RouteNetlink::TunnelLinks() {
  ASSIGN_OR_RETURN(const std::vector<Link> links, Links());
  std::vector<uint32_t> tunnels;
  for (const Link& link : links) {
    if (IsTunnelKind(link.kind)) tunnels.push_back(link.index);
  }
  return tunnels;
}

std::vector<uint32_t> ReadTunnelLinks() {
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return {};
  return netlink->TunnelLinks().value_or(std::vector<uint32_t>());
}

absl::StatusOr<InnerLinks> RouteNetlink::ReadInnerLinks() {
  ASSIGN_OR_RETURN(const std::vector<Link> links, Links());
  ASSIGN_OR_RETURN(const std::vector<LinkAddress> addresses, OwnAddresses());
  std::vector<LinkRoute> routes;
  size_t networks = 0;
  const absl::Status status = Dump(RTM_GETROUTE, [&](nlmsghdr* message) {
    const std::optional<KernelRoute> found = ParseRoute(message);
    if (!found.has_value() || found->type != RTN_UNICAST || found->is_cached) return;
    HostRoute route{found->prefix, found->protocol, found->has_gateway};
    route.has_address = std::ranges::any_of(addresses, [&found](const LinkAddress& own) {
      return own.link == found->interface_index && found->prefix.Contains(own.address);
    });
    const LinkRoute one{found->interface_index, found->prefix, found->has_gateway,
                        IsToWorld(route)};
    const bool leads_out = one.is_to_world || one.has_gateway;
    // A router may have a million of these, through a few interfaces.
    const bool is_known = leads_out && std::ranges::any_of(routes, [&one](const LinkRoute& other) {
                            return std::tie(other.link, other.has_gateway, other.is_to_world) ==
                                   std::tie(one.link, one.has_gateway, one.is_to_world);
                          });
    const bool is_network =
        !leads_out && found->table == kMainTable && networks++ < kNetworksReadMax;
    if ((leads_out && !is_known) || is_network) routes.push_back(one);
  });
  if (!status.ok()) return status;
  return InnerLinksOf(links, routes);
}

}  // namespace ringwire::platform
