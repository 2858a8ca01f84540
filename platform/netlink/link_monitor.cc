#include "platform/netlink/link_monitor.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

// rtnetlink's messages are shorter; a longer one would be truncated and is requested again.
constexpr size_t kBufferBytes = 32 * 1024;

}  // namespace

absl::StatusOr<LinkMonitor> LinkMonitor::Open(uint32_t interface_index) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open the link monitor");
  const int on = 1;
  const bool sees_all =
      ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) == 0;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "subscribe to link changes");
  }
  ASSIGN_OR_RETURN(Netlink netlink, Netlink::Open());
  // Asked after the subscription, so that no change is missed between the two.
  ASSIGN_OR_RETURN(const LinkState state, netlink.Query(interface_index));
  LinkMonitor monitor(std::move(socket), std::move(netlink), interface_index, sees_all);
  monitor.state_ = state;
  return monitor;
}

LinkMonitor::LinkMonitor(UniqueFd socket, Netlink netlink, uint32_t interface_index, bool sees_all)
    : socket_(std::move(socket)),
      netlink_(std::move(netlink)),
      interface_index_(interface_index),
      sees_all_namespaces_(sees_all),
      buffer_(std::make_unique<uint8_t[]>(kBufferBytes)) {}

LinkState LinkMonitor::Read() {
  while (true) {
    std::array<char, 64> control;
    sockaddr_nl from{};
    iovec piece{buffer_.get(), kBufferBytes};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof(from);
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.get(), &header, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != ENOBUFS) return state_;
    if (size < 0 || (header.msg_flags & MSG_TRUNC) != 0) {
      Requery();  // notifications were lost
      continue;
    }
    if (from.nl_pid != 0) continue;  // not the kernel
    std::optional<int> namespace_id;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != SOL_NETLINK || c->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
      int id = 0;
      std::memcpy(&id, CMSG_DATA(c), sizeof(id));
      namespace_id = id;
    }
    TakeDatagram({buffer_.get(), static_cast<size_t>(size)}, namespace_id);
  }
}

bool LinkMonitor::StillExists() {
  if (namespace_id_.has_value() || lost_sight_) return false;
  Requery();
  return state_.exists;
}

void LinkMonitor::TakeDatagram(std::span<uint8_t> bytes, std::optional<int> namespace_id) {
  auto* message = reinterpret_cast<nlmsghdr*>(bytes.data());
  int remaining = static_cast<int>(bytes.size());
  for (; nlmsg_ok(message, remaining) != 0; message = nlmsg_next(message, &remaining)) {
    // Compared for each message: a move changes the namespace to look in.
    if (namespace_id == namespace_id_) TakeMessage(message);
  }
}

void LinkMonitor::TakeMessage(nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return;
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(message, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0) return;
  const auto* const link = static_cast<const ifinfomsg*>(nlmsg_data(message));
  if (link->ifi_family != AF_UNSPEC) return;  // a bridge's or IPv6's view of the link
  if (static_cast<uint32_t>(link->ifi_index) != interface_index_ || lost_sight_) return;

  if (message->nlmsg_type == RTM_NEWLINK) {
    state_.up = (link->ifi_flags & IFF_UP) != 0;
    if (attributes[IFLA_MTU] != nullptr) state_.mtu = nla_get_u32(attributes[IFLA_MTU]);
    return;
  }
  const nlattr* const new_namespace = attributes[IFLA_NEW_NETNSID];
  const nlattr* const new_index = attributes[IFLA_NEW_IFINDEX];
  if (new_namespace == nullptr || new_index == nullptr) {
    state_.exists = false;
    return;
  }
  // Moved. The id is the old namespace's name for the new one, which we can use only if the old one
  // is our own.
  if (!sees_all_namespaces_ || namespace_id_.has_value()) {
    lost_sight_ = true;
    state_.up = true;
    return;
  }
  namespace_id_ = nla_get_s32(new_namespace);
  interface_index_ = nla_get_u32(new_index);
  state_.up = false;  // the kernel sets a link down that it moves
}

void LinkMonitor::Requery() {
  if (namespace_id_.has_value() || lost_sight_) return;  // another namespace cannot be asked
  const absl::StatusOr<LinkState> state = netlink_.Query(interface_index_);
  if (state.ok()) state_ = *state;
  if (absl::IsNotFound(state.status())) state_.exists = false;
}

}  // namespace ringwire::platform
