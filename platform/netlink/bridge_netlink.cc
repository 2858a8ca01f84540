#include "platform/netlink/bridge_netlink.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/vxlan.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/netlink/route_message.h"

namespace ringwire::platform {
namespace {

// The kernel keeps it with a link. It tells our bridges from those of an administrator.
constexpr char kAlias[] = "made by ringwire";

struct PutLink {
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
};
using KernelLink = std::unique_ptr<rtnl_link, PutLink>;
struct PutAddress {
  void operator()(nl_addr* address) const { nl_addr_put(address); }
};
using KernelAddress = std::unique_ptr<nl_addr, PutAddress>;

KernelAddress ToKernel(const IpAddress& address) {
  return KernelAddress(nl_addr_build(SystemFamily(address.family), address.bytes.data(),
                                     static_cast<size_t>(address.Bits()) / 8));
}

// Null: there is none.
KernelLink Find(NetlinkSocket* socket, const std::string& name) {
  rtnl_link* found = nullptr;
  const int result = socket->Request(
      [&name, &found](nl_sock* to) { return rtnl_link_get_kernel(to, 0, name.c_str(), &found); });
  return KernelLink(result < 0 ? nullptr : found);
}

std::string_view KindOf(const KernelLink& link) {
  const char* const kind = rtnl_link_get_type(link.get());
  return kind == nullptr ? std::string_view() : kind;
}

uint32_t IndexOf(const KernelLink& link) {
  return static_cast<uint32_t>(rtnl_link_get_ifindex(link.get()));
}

bool IsOurs(const KernelLink& link) {
  const char* const alias = rtnl_link_get_ifalias(link.get());
  return alias != nullptr && std::string_view(alias) == kAlias;
}

int Change(NetlinkSocket* socket, const KernelLink& link, const KernelLink& change) {
  return socket->Request(
      [&](nl_sock* to) { return rtnl_link_change(to, link.get(), change.get(), 0); });
}

// The name belongs to a link of another kind.
absl::Status TakenBy(const std::string& name, std::string_view kind) {
  return absl::AlreadyExistsError(
      fmt::format("cannot use {}: it is another link{}", name,
                  kind.empty() ? "" : fmt::format(" of type {}", kind)));
}

// Whether a device is what AddVxlan would make, apart from its MTU and its bridge.
bool IsLike(const KernelLink& link, const Vxlan& vxlan, uint32_t lower) {
  uint32_t id = 0;
  uint32_t link_below = 0;
  nl_addr* local = nullptr;
  if (rtnl_link_vxlan_get_id(link.get(), &id) < 0 || id != vxlan.id) return false;
  if (rtnl_link_vxlan_get_link(link.get(), &link_below) < 0 || link_below != lower) return false;
  if (rtnl_link_vxlan_get_local(link.get(), &local) < 0) return false;
  const KernelAddress now(local);
  return nl_addr_cmp(now.get(), ToKernel(vxlan.local).get()) == 0;
}

}  // namespace

absl::StatusOr<BridgeNetlink> BridgeNetlink::Open() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::Open());
  return BridgeNetlink(std::move(socket));
}

absl::StatusOr<std::optional<BridgeState>> BridgeNetlink::FindBridge(const std::string& name) {
  const KernelLink link = Find(&socket_, name);
  if (link == nullptr) return std::nullopt;
  return BridgeState{KindOf(link) == "bridge", IsOurs(link)};
}

absl::StatusOr<bool> BridgeNetlink::AddBridge(const std::string& name) {
  const std::string tried = "add the bridge " + name;
  const KernelLink found = Find(&socket_, name);
  if (found != nullptr) {
    if (KindOf(found) == "bridge") return false;
    return TakenBy(name, KindOf(found));
  }
  const KernelLink bridge(rtnl_link_bridge_alloc());
  rtnl_link_set_name(bridge.get(), name.c_str());
  int result = socket_.Request([&bridge](nl_sock* to) {
    return rtnl_link_add(to, bridge.get(), NLM_F_CREATE | NLM_F_EXCL);
  });
  if (result < 0) return NetlinkError(result, tried);
  const KernelLink made = Find(&socket_, name);
  if (made == nullptr) return absl::NotFoundError(tried + ": it is gone");
  const KernelLink change(rtnl_link_alloc());
  rtnl_link_set_ifalias(change.get(), kAlias);
  rtnl_link_set_flags(change.get(), IFF_UP);
  result = Change(&socket_, made, change);
  if (result < 0) return NetlinkError(result, tried);
  return true;
}

absl::StatusOr<bool> BridgeNetlink::HasPorts(uint32_t bridge) {
  nl_cache* found = nullptr;
  const int result = socket_.Request(
      [&found](nl_sock* to) { return rtnl_link_alloc_cache(to, AF_UNSPEC, &found); });
  if (result < 0) return NetlinkError(result, "list links");
  const std::unique_ptr<nl_cache, void (*)(nl_cache*)> cache(found, &nl_cache_free);
  for (nl_object* object = nl_cache_get_first(found); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* const link = reinterpret_cast<rtnl_link*>(object);
    if (rtnl_link_get_master(link) == static_cast<int>(bridge)) return true;
  }
  return false;
}

absl::StatusOr<bool> BridgeNetlink::RemoveBridge(const std::string& name) {
  const KernelLink bridge = Find(&socket_, name);
  if (bridge == nullptr || KindOf(bridge) != "bridge" || !IsOurs(bridge)) return false;
  ASSIGN_OR_RETURN(const bool has_ports, HasPorts(IndexOf(bridge)));
  if (has_ports) return false;
  RETURN_IF_ERROR(Delete(IndexOf(bridge), name));
  return true;
}

absl::Status BridgeNetlink::Delete(uint32_t index, const std::string& name) {
  const KernelLink link(rtnl_link_alloc());
  rtnl_link_set_ifindex(link.get(), static_cast<int>(index));
  const int result =
      socket_.Request([&link](nl_sock* to) { return rtnl_link_delete(to, link.get()); });
  if (result >= 0 || result == -NLE_NODEV || result == -NLE_OBJ_NOTFOUND) return absl::OkStatus();
  return NetlinkError(result, "remove " + name);
}

absl::Status BridgeNetlink::MakeVxlan(const Vxlan& vxlan, uint32_t lower) {
  const KernelLink link(rtnl_link_vxlan_alloc());
  rtnl_link_set_name(link.get(), vxlan.name.c_str());
  rtnl_link_vxlan_set_id(link.get(), vxlan.id);
  rtnl_link_vxlan_set_link(link.get(), lower);
  rtnl_link_vxlan_set_local(link.get(), ToKernel(vxlan.local).get());
  rtnl_link_vxlan_set_port(link.get(), kVxlanPort);
  rtnl_link_vxlan_set_learning(link.get(), 1);
  const int result = socket_.Request(
      [&link](nl_sock* to) { return rtnl_link_add(to, link.get(), NLM_F_CREATE | NLM_F_EXCL); });
  if (result == -NLE_OPNOTSUPP) {
    return absl::UnavailableError(
        fmt::format("cannot add the VXLAN device {}: this kernel has no VXLAN; load the module "
                    "`vxlan`",
                    vxlan.name));
  }
  if (result == -NLE_EXIST) {
    return absl::AlreadyExistsError(fmt::format(
        "cannot add the VXLAN device {}: another VXLAN device of this host has the id {} "
        "and the port {}; set another VxlanId",
        vxlan.name, vxlan.id, kVxlanPort));
  }
  if (result < 0) return NetlinkError(result, "add the VXLAN device " + vxlan.name);
  // A port of a bridge needs no address. Without IPv6 this fails, and there is none.
  const KernelLink made = Find(&socket_, vxlan.name);
  const KernelLink change(rtnl_link_alloc());
  rtnl_link_inet6_set_addr_gen_mode(change.get(), IN6_ADDR_GEN_MODE_NONE);
  if (made != nullptr) Change(&socket_, made, change);
  return absl::OkStatus();
}

absl::Status BridgeNetlink::AddVxlan(const Vxlan& vxlan, uint32_t lower) {
  KernelLink link = Find(&socket_, vxlan.name);
  if (link != nullptr && KindOf(link) != "vxlan") return TakenBy(vxlan.name, KindOf(link));
  if (link != nullptr && !IsLike(link, vxlan, lower)) {
    RETURN_IF_ERROR(Delete(IndexOf(link), vxlan.name));
    link.reset();
  }
  if (link == nullptr) {
    RETURN_IF_ERROR(MakeVxlan(vxlan, lower));
    link = Find(&socket_, vxlan.name);
  }
  const KernelLink bridge = Find(&socket_, vxlan.bridge);
  if (link == nullptr || bridge == nullptr) {
    return absl::NotFoundError(
        fmt::format("join {} to {}: one of them is gone", vxlan.name, vxlan.bridge));
  }
  const KernelLink change(rtnl_link_alloc());
  rtnl_link_set_mtu(change.get(), vxlan.mtu);
  rtnl_link_set_flags(change.get(), IFF_UP);
  rtnl_link_set_master(change.get(), static_cast<int>(IndexOf(bridge)));
  const int result = Change(&socket_, link, change);
  if (result < 0) {
    return NetlinkError(result, fmt::format("join {} to {}", vxlan.name, vxlan.bridge));
  }
  return absl::OkStatus();
}

absl::Status BridgeNetlink::RemoveVxlan(const std::string& name) {
  const KernelLink link = Find(&socket_, name);
  if (link == nullptr || KindOf(link) != "vxlan") return absl::OkStatus();
  return Delete(IndexOf(link), name);
}

int BridgeNetlink::ChangeForwarding(int type, int flags, uint32_t index, const IpAddress& to) {
  NetlinkMessage message(nlmsg_alloc_simple(type, flags));
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  header.ndm_ifindex = static_cast<int>(index);
  header.ndm_state = NUD_NOARP | NUD_PERMANENT;
  header.ndm_flags = NTF_SELF;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  constexpr std::array<uint8_t, 6> kAll{};  // the address of the entry for all other frames
  nla_put(message.get(), NDA_LLADDR, kAll.size(), kAll.data());
  nla_put(message.get(), NDA_DST, to.Bits() / 8, to.bytes.data());
  return socket_.Request(
      [&message](nl_sock* socket) { return nl_send_sync(socket, message.release()); });
}

absl::StatusOr<bool> BridgeNetlink::AddForwarding(const std::string& vxlan, const IpAddress& to) {
  const std::string tried = fmt::format("forward frames of {} to {}", vxlan, to.ToString());
  const KernelLink link = Find(&socket_, vxlan);
  if (link == nullptr) return absl::NotFoundError(tried + ": the device is gone");
  const int result = ChangeForwarding(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, IndexOf(link), to);
  if (result == -NLE_EXIST) return false;
  if (result < 0) return NetlinkError(result, tried);
  return true;
}

absl::Status BridgeNetlink::RemoveForwarding(const std::string& vxlan, const IpAddress& to) {
  const KernelLink link = Find(&socket_, vxlan);
  if (link == nullptr) return absl::OkStatus();
  const int result = ChangeForwarding(RTM_DELNEIGH, 0, IndexOf(link), to);
  if (result >= 0 || result == -NLE_OBJ_NOTFOUND) return absl::OkStatus();
  return NetlinkError(result, fmt::format("stop forwarding frames to {}", to.ToString()));
}

}  // namespace ringwire::platform
