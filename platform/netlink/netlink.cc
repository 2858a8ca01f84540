#include "platform/netlink/netlink.h"

#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <sys/socket.h>

#include <memory>
#include <span>
#include <string>

#include "core/base/status_macros.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

struct FreeLink {
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
};
using LinkObject = std::unique_ptr<rtnl_link, FreeLink>;

struct FreeAddress {
  void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
};
using Address = std::unique_ptr<rtnl_addr, FreeAddress>;

LinkObject MakeLink(uint32_t interface_index) {
  LinkObject link(rtnl_link_alloc());
  rtnl_link_set_ifindex(link.get(), static_cast<int>(interface_index));
  return link;
}

int Change(NetlinkSocket* socket, const LinkObject& link, const LinkObject& change) {
  return socket->Request(
      [&link, &change](nl_sock* to) { return rtnl_link_change(to, link.get(), change.get(), 0); });
}

Address MakeAddress(uint32_t interface_index, const InterfaceAddress& from) {
  const bool v4 = from.address.family == IpFamily::kV4;
  nl_addr* const local =
      nl_addr_build(v4 ? AF_INET : AF_INET6, from.address.bytes.data(), v4 ? 4 : 16);
  nl_addr_set_prefixlen(local, from.length);
  Address address(rtnl_addr_alloc());
  rtnl_addr_set_ifindex(address.get(), static_cast<int>(interface_index));
  rtnl_addr_set_local(address.get(), local);
  nl_addr_put(local);
  return address;
}

}  // namespace

absl::StatusOr<Netlink> Netlink::Open() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::Open());
  return Netlink(std::move(socket));
}

absl::StatusOr<bool> Netlink::AddAddress(uint32_t interface_index,
                                         const InterfaceAddress& address) {
  const Address request = MakeAddress(interface_index, address);
  const int result = socket_.Request(
      [&request](nl_sock* socket) { return rtnl_addr_add(socket, request.get(), 0); });
  if (result == 0) return true;
  if (result == -NLE_EXIST) return false;
  return NetlinkError(result, fmt::format("add the address {}", address.ToString()));
}

absl::Status Netlink::RemoveAddress(uint32_t interface_index, const InterfaceAddress& address) {
  const Address request = MakeAddress(interface_index, address);
  const int result = socket_.Request(
      [&request](nl_sock* socket) { return rtnl_addr_delete(socket, request.get(), 0); });
  if (result == 0 || result == -NLE_NOADDR) return absl::OkStatus();
  // With an MTU below IPv6's minimum the kernel removes IPv6 from the interface and answers ENXIO,
  // which libnl does not translate.
  const bool has_no_v6 = address.address.family == IpFamily::kV6 && result == -NLE_FAILURE;
  if (has_no_v6) return absl::OkStatus();
  return NetlinkError(result, fmt::format("remove the address {}", address.ToString()));
}

absl::Status Netlink::SetMtu(uint32_t interface_index, uint32_t mtu) {
  const LinkObject link = MakeLink(interface_index);
  const LinkObject change = MakeLink(interface_index);
  rtnl_link_set_mtu(change.get(), mtu);
  const int result = Change(&socket_, link, change);
  if (result == 0) return absl::OkStatus();
  return NetlinkError(result, fmt::format("set the MTU to {}", mtu));
}

absl::Status Netlink::SetLinkUp(uint32_t interface_index) {
  const LinkObject link = MakeLink(interface_index);
  const LinkObject change = MakeLink(interface_index);
  rtnl_link_set_flags(change.get(), IFF_UP);
  const int result = Change(&socket_, link, change);
  if (result == 0) return absl::OkStatus();
  return NetlinkError(result, "set the link up");
}

absl::Status Netlink::SetMulticastOff(uint32_t interface_index) {
  const LinkObject link = MakeLink(interface_index);
  const LinkObject change = MakeLink(interface_index);
  rtnl_link_unset_flags(change.get(), IFF_MULTICAST);
  const int result = Change(&socket_, link, change);
  if (result == 0) return absl::OkStatus();
  return NetlinkError(result, "switch multicast off");
}

absl::Status Netlink::SetNoLinkLocal(uint32_t interface_index) {
  const LinkObject link = MakeLink(interface_index);
  const LinkObject change = MakeLink(interface_index);
  rtnl_link_inet6_set_addr_gen_mode(change.get(), IN6_ADDR_GEN_MODE_NONE);
  const int result = Change(&socket_, link, change);
  if (result == 0 || result == -NLE_AF_NOSUPPORT) return absl::OkStatus();
  return NetlinkError(result, "set addr_gen_mode to none");
}

uint32_t Netlink::IndexOf(const std::string& name) {
  rtnl_link* found = nullptr;
  const int result = socket_.Request([&name, &found](nl_sock* socket) {
    return rtnl_link_get_kernel(socket, 0, name.c_str(), &found);
  });
  if (result < 0) return 0;
  const LinkObject link(found);
  return static_cast<uint32_t>(rtnl_link_get_ifindex(link.get()));
}

absl::StatusOr<std::vector<InterfaceAddress>> Netlink::Addresses(uint32_t interface_index) {
  nl_cache* found = nullptr;
  const int result =
      socket_.Request([&found](nl_sock* socket) { return rtnl_addr_alloc_cache(socket, &found); });
  if (result < 0) return NetlinkError(result, "list the interface's addresses");
  const std::unique_ptr<nl_cache, void (*)(nl_cache*)> cache(found, &nl_cache_free);
  std::vector<InterfaceAddress> addresses;
  for (nl_object* object = nl_cache_get_first(found); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* const entry = reinterpret_cast<rtnl_addr*>(object);
    const nl_addr* const local = rtnl_addr_get_local(entry);
    if (rtnl_addr_get_ifindex(entry) != static_cast<int>(interface_index) || local == nullptr) {
      continue;
    }
    const auto* const bytes = static_cast<const uint8_t*>(nl_addr_get_binary_addr(local));
    const bool v4 = nl_addr_get_family(local) == AF_INET;
    if (nl_addr_get_len(local) != (v4 ? 4U : 16U)) continue;
    const IpAddress address = v4 ? IpAddress::V4(std::span<const uint8_t, 4>(bytes, 4))
                                 : IpAddress::V6(std::span<const uint8_t, 16>(bytes, 16));
    addresses.push_back({address, static_cast<uint8_t>(rtnl_addr_get_prefixlen(entry))});
  }
  return addresses;
}

absl::StatusOr<LinkState> Netlink::Query(uint32_t interface_index) {
  rtnl_link* found = nullptr;
  const int result = socket_.Request([interface_index, &found](nl_sock* socket) {
    return rtnl_link_get_kernel(socket, static_cast<int>(interface_index), nullptr, &found);
  });
  if (result < 0) return NetlinkError(result, "look the interface up");
  const LinkObject link(found);
  LinkState state;
  state.up = (rtnl_link_get_flags(link.get()) & IFF_UP) != 0;
  state.mtu = rtnl_link_get_mtu(link.get());
  if (const char* const kind = rtnl_link_get_type(link.get())) state.kind = kind;
  return state;
}

}  // namespace ringwire::platform
