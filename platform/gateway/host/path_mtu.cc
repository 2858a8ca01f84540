#include "platform/gateway/host/path_mtu.h"

#include <net/if.h>

#include <algorithm>
#include <string>
#include <vector>

#include "platform/base/message_of.h"
#include "platform/netlink/netlink.h"
#include "platform/netlink/route_netlink.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

class Smallest {
 public:
  explicit Smallest(Netlink* netlink) : netlink_(netlink) {}

  void Take(const RouteNetlink::Way& way) {
    uint32_t mtu = way.mtu;
    if (mtu == 0) {
      const absl::StatusOr<LinkState> link = netlink_->Query(way.interface_index);
      if (!link.ok() || link->mtu == 0) return;
      mtu = link->mtu;
    }
    mtu_ = std::min(mtu_.value_or(mtu), mtu);
  }
  std::optional<uint32_t> mtu() const { return mtu_; }

 private:
  Netlink* netlink_;
  std::optional<uint32_t> mtu_;
};

}  // namespace

std::optional<uint32_t> ReadPathMtu(std::span<const std::optional<SocketAddress>> endpoints,
                                    uint32_t fwmark, std::string_view interface) {
  absl::StatusOr<RouteNetlink> routes = RouteNetlink::Open();
  absl::StatusOr<Netlink> netlink = Netlink::Open();
  if (!routes.ok() || !netlink.ok()) return std::nullopt;
  const uint32_t own_index = ::if_nametoindex(std::string(interface).c_str());
  Smallest smallest(&*netlink);
  for (const std::optional<SocketAddress>& endpoint : endpoints) {
    if (!endpoint.has_value()) continue;
    const absl::StatusOr<RouteNetlink::Way> way = routes->WayTo(*endpoint, fwmark);
    if (!way.ok()) {
      spdlog::debug("{}", MessageOf(way.status()));
    } else if (way->interface_index != own_index) {
      smallest.Take(*way);
    }
  }
  if (smallest.mtu().has_value()) return smallest.mtu();
  const absl::StatusOr<std::vector<RouteNetlink::Way>> ways = routes->DefaultWays(own_index);
  if (!ways.ok()) return std::nullopt;
  for (const RouteNetlink::Way& way : *ways) smallest.Take(way);
  return smallest.mtu();
}

}  // namespace ringwire::platform
