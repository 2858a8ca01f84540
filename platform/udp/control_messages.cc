#include "platform/udp/control_messages.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(value)};
}

// Reads a control message's value; false if it is too short.
template <typename T>
bool LoadValue(const cmsghdr& message, T* value) {
  if (message.cmsg_len < CMSG_LEN(sizeof(T))) return false;
  std::memcpy(value, CMSG_DATA(&message), sizeof(T));
  return true;
}

IpAddress AddressOf(const in_addr& address) {
  return IpAddress::V4(std::span<const uint8_t, 4>(BytesOf(address)));
}
IpAddress AddressOf(const in6_addr& address) {
  return IpAddress::V6(std::span<const uint8_t, 16>(address.s6_addr));
}

void ParseV4(const cmsghdr& message, ReceivedInfo* info) {
  if (message.cmsg_type == IP_PKTINFO) {
    // The address to reply from: for a broadcast it is our own, unlike ipi_addr.
    in_pktinfo packet{};
    if (!LoadValue(message, &packet) || packet.ipi_spec_dst.s_addr == INADDR_ANY) return;
    info->from.local = AddressOf(packet.ipi_spec_dst);
    info->from.local_interface = static_cast<uint32_t>(packet.ipi_ifindex);
  } else if (message.cmsg_type == IP_TOS) {
    LoadValue(message, &info->tos);
  }
}

void ParseV6(const cmsghdr& message, ReceivedInfo* info) {
  if (message.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo packet{};
    if (!LoadValue(message, &packet)) return;
    if (IN6_IS_ADDR_MULTICAST(&packet.ipi6_addr)) return;  // nothing can be sent from it
    info->from.local = AddressOf(packet.ipi6_addr);
    info->from.local_interface = packet.ipi6_ifindex;
  } else if (message.cmsg_type == IPV6_TCLASS) {
    int traffic_class = 0;
    if (LoadValue(message, &traffic_class)) info->tos = static_cast<uint8_t>(traffic_class);
  }
}

}  // namespace

socklen_t ToSocketName(const SocketAddress& address, SocketName* name) {
  *name = SocketName{};
  switch (address.address.family) {
    case IpFamily::kV4:
      name->v4 = sockaddr_in{};
      name->v4.sin_family = AF_INET;
      name->v4.sin_port = htons(address.port);
      std::memcpy(&name->v4.sin_addr, address.address.bytes.data(), sizeof(name->v4.sin_addr));
      return sizeof(name->v4);
    case IpFamily::kV6:
      name->v6 = sockaddr_in6{};
      name->v6.sin6_family = AF_INET6;
      name->v6.sin6_port = htons(address.port);
      name->v6.sin6_scope_id = address.scope_id;
      std::memcpy(&name->v6.sin6_addr, address.address.bytes.data(), sizeof(name->v6.sin6_addr));
      return sizeof(name->v6);
    case IpFamily::kNone:
      break;
  }
  return 0;
}

SocketAddress FromSocketName(const void* name, socklen_t name_bytes) {
  sa_family_t family = AF_UNSPEC;
  if (name == nullptr || name_bytes < sizeof(family)) return {};
  std::memcpy(&family, name, sizeof(family));
  if (family == AF_INET && name_bytes >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, name, sizeof(v4));
    return {AddressOf(v4.sin_addr), ntohs(v4.sin_port), 0};
  }
  if (family == AF_INET6 && name_bytes >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, name, sizeof(v6));
    const bool link_local = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
    return {AddressOf(v6.sin6_addr), ntohs(v6.sin6_port), link_local ? v6.sin6_scope_id : 0};
  }
  return {};
}

void OutgoingMessage::AppendControl(int level, int type, std::span<const uint8_t> value) {
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(value.size());
  head.cmsg_level = level;
  head.cmsg_type = type;
  DCHECK(header_.msg_controllen + CMSG_SPACE(value.size()) <= control_.size());
  uint8_t* const at = control_.data() + header_.msg_controllen;
  std::memcpy(at, &head, sizeof(head));
  std::memcpy(at + CMSG_LEN(0), value.data(), value.size());
  header_.msg_controllen += CMSG_SPACE(value.size());
}

void OutgoingMessage::Set(const SendForm& form, std::span<const uint8_t> payload) {
  header_ = msghdr{};
  control_.fill(0);
  header_.msg_namelen = ToSocketName(form.to.remote, &name_);
  header_.msg_name = &name_;
  // sendmsg() does not write to the payload; struct iovec just has no const form.
  payload_ = iovec{const_cast<uint8_t*>(payload.data()), payload.size()};
  header_.msg_iov = &payload_;
  header_.msg_iovlen = 1;

  const bool v4 = form.to.remote.address.family == IpFamily::kV4;
  if (form.with_source && form.to.local.family == form.to.remote.address.family) {
    if (v4) {
      in_pktinfo packet{};
      std::memcpy(&packet.ipi_spec_dst, form.to.local.bytes.data(), sizeof(packet.ipi_spec_dst));
      AppendControl(IPPROTO_IP, IP_PKTINFO, BytesOf(packet));
    } else {
      in6_pktinfo packet{};
      std::memcpy(&packet.ipi6_addr, form.to.local.bytes.data(), sizeof(packet.ipi6_addr));
      // For other addresses it would override routing.
      if (IN6_IS_ADDR_LINKLOCAL(&packet.ipi6_addr)) packet.ipi6_ifindex = form.to.local_interface;
      AppendControl(IPPROTO_IPV6, IPV6_PKTINFO, BytesOf(packet));
    }
  }
  if (form.tos != 0) {  // 0 is the socket's default
    const int tos = form.tos;
    AppendControl(v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, BytesOf(tos));
  }
  if (form.segment_bytes != 0) AppendControl(SOL_UDP, UDP_SEGMENT, BytesOf(form.segment_bytes));
  if (header_.msg_controllen != 0) header_.msg_control = control_.data();
}

ReceivedInfo ParseReceived(const msghdr& header) {
  ReceivedInfo info;
  info.from.remote = FromSocketName(header.msg_name, header.msg_namelen);
  // CMSG_NXTHDR wants a header that it may write to.
  msghdr walk = header;
  for (cmsghdr* message = CMSG_FIRSTHDR(&walk); message != nullptr;
       message = CMSG_NXTHDR(&walk, message)) {
    if (message->cmsg_level == IPPROTO_IP) {
      ParseV4(*message, &info);
    } else if (message->cmsg_level == IPPROTO_IPV6) {
      ParseV6(*message, &info);
    } else if (message->cmsg_level == SOL_UDP && message->cmsg_type == UDP_GRO) {
      int segment_bytes = 0;
      if (LoadValue(*message, &segment_bytes)) {
        info.segment_bytes = static_cast<size_t>(std::max(segment_bytes, 0));
      }
    }
  }
  return info;
}

bool MayBlameSourceAddress(int error) {
  switch (error) {
    case EINVAL:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case ENODEV:
      return true;
    default:
      return false;
  }
}

}  // namespace ringwire::platform
