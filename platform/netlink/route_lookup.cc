#include "platform/netlink/route_lookup.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringwire::platform {
namespace {

constexpr size_t kAnswerBytesMax = 8192;

void PutAddress(nl_msg* message, int attribute, const IpAddress& address) {
  nla_put(message, attribute, address.Bits() / 8, address.bytes.data());
}

// The interface that our address depends on; 0: it is valid on any.
uint32_t InterfaceOf(const Endpoint& endpoint) {
  const IpAddress& local = endpoint.local;
  const bool link_local =
      local.family == IpFamily::kV6 && local.bytes[0] == 0xfe && (local.bytes[1] & 0xc0) == 0x80;
  return link_local ? endpoint.local_interface : 0;
}

}  // namespace

void RouteLookup::FreeMessage::operator()(nl_msg* message) const { nlmsg_free(message); }

absl::StatusOr<RouteLookup> RouteLookup::Open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open a netlink socket for routes");
  return RouteLookup(std::move(socket));
}

bool RouteLookup::SourceIsOutOfPlace(const Endpoint& endpoint, const Socket& socket) {
  if (!endpoint.local.IsSet() || endpoint.local.family != endpoint.remote.address.family) {
    return false;
  }
  // Everything that a policy rule or the choice among equal routes may test, as the socket sends
  // it.
  const Message request = MakeRequest(endpoint.remote.address, endpoint.remote.scope_id);
  PutAddress(request.get(), RTA_SRC, endpoint.local);
  nla_put_u32(request.get(), RTA_MARK, socket.fwmark);
  nla_put_u8(request.get(), RTA_IP_PROTO, IPPROTO_UDP);
  nla_put_u16(request.get(), RTA_SPORT, htons(socket.port));
  nla_put_u16(request.get(), RTA_DPORT, htons(endpoint.remote.port));
  const std::optional<Route> route = Ask(request.get());
  if (!route.has_value()) return false;
  const bool other_way = endpoint.local_interface != 0 && route->interface != 0 &&
                         route->interface != endpoint.local_interface;
  if (other_way) return true;
  // IPv4 finds a route only from an address of ours, IPv6 from any, and the error does not
  // distinguish.
  if (route->error == 0 && endpoint.local.family == IpFamily::kV4) return false;
  const Message own = MakeRequest(endpoint.local, InterfaceOf(endpoint));
  const std::optional<Route> to_ourselves = Ask(own.get());
  return to_ourselves.has_value() && !to_ourselves->is_local;
}

RouteLookup::Message RouteLookup::MakeRequest(const IpAddress& destination, uint32_t interface) {
  Message message(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST));
  rtmsg head{};
  head.rtm_family = destination.family == IpFamily::kV4 ? AF_INET : AF_INET6;
  head.rtm_dst_len = static_cast<uint8_t>(destination.Bits());
  nlmsg_append(message.get(), &head, sizeof(head), NLMSG_ALIGNTO);
  PutAddress(message.get(), RTA_DST, destination);
  if (interface != 0) nla_put_u32(message.get(), RTA_OIF, interface);
  return message;
}

std::optional<RouteLookup::Route> RouteLookup::Ask(nl_msg* request) {
  nlmsghdr* const head = nlmsg_hdr(request);
  head->nlmsg_seq = ++sequence_;
  if (::send(socket_.get(), head, head->nlmsg_len, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) std::array<uint8_t, kAnswerBytesMax> bytes;
  while (true) {
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    auto* const answer = reinterpret_cast<nlmsghdr*>(bytes.data());
    if (size < 0 || nlmsg_ok(answer, static_cast<int>(size)) == 0) return std::nullopt;
    if (answer->nlmsg_seq != sequence_) continue;  // answer to a query that timed out
    Route route;
    if (answer->nlmsg_type == NLMSG_ERROR) {
      if (nlmsg_datalen(answer) < static_cast<int>(sizeof(nlmsgerr))) return std::nullopt;
      route.error = -static_cast<const nlmsgerr*>(nlmsg_data(answer))->error;
      return route;
    }
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    if (answer->nlmsg_type != RTM_NEWROUTE ||
        nlmsg_parse(answer, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
      return std::nullopt;
    }
    route.is_local = static_cast<const rtmsg*>(nlmsg_data(answer))->rtm_type == RTN_LOCAL;
    if (attributes[RTA_OIF] != nullptr) route.interface = nla_get_u32(attributes[RTA_OIF]);
    return route;
  }
}

}  // namespace ringwire::platform
