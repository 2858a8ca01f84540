#include "platform/netlink/route_lookup.h"

#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ringwire::platform {
namespace {

constexpr size_t kAnswerBytesMax = 8192;

// The interface that our address depends on; 0: it is valid on any.
uint32_t InterfaceOf(const Endpoint& endpoint) {
  const IpAddress& local = endpoint.local;
  const bool link_local =
      local.family == IpFamily::kV6 && local.bytes[0] == 0xfe && (local.bytes[1] & 0xc0) == 0x80;
  return link_local ? endpoint.local_interface : 0;
}

}  // namespace

absl::StatusOr<RouteLookup> RouteLookup::Open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open a netlink socket for routes");
  return RouteLookup(std::move(socket));
}

bool RouteLookup::SourceIsOutOfPlace(const Endpoint& endpoint, const Socket& socket) {
  if (!endpoint.local.IsSet() || endpoint.local.family != endpoint.remote.address.family) {
    return false;
  }
  const std::optional<Answer> route = Ask({.to = endpoint.remote.address,
                                           .interface_index = endpoint.remote.scope_id,
                                           .datagram = {{.from = endpoint.local,
                                                         .from_port = socket.port,
                                                         .to_port = endpoint.remote.port,
                                                         .fwmark = socket.fwmark}}});
  if (!route.has_value()) return false;
  const bool other_way = endpoint.local_interface != 0 && route->interface != 0 &&
                         route->interface != endpoint.local_interface;
  if (other_way) return true;
  // IPv4 finds a route only from an address of ours, IPv6 from any, and the error does not
  // distinguish.
  if (route->error == 0 && endpoint.local.family == IpFamily::kV4) return false;
  const std::optional<Answer> to_ourselves =
      Ask({.to = endpoint.local, .interface_index = InterfaceOf(endpoint)});
  return to_ourselves.has_value() && !to_ourselves->is_local;
}

std::optional<RouteLookup::Answer> RouteLookup::Ask(const RouteQuestion& question) {
  const NetlinkMessage request = RouteQuestionMessage(question);
  nlmsghdr* const head = nlmsg_hdr(request.get());
  head->nlmsg_seq = ++sequence_;
  if (::send(socket_.get(), head, head->nlmsg_len, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) std::array<uint8_t, kAnswerBytesMax> bytes;
  while (true) {
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    auto* const answer = reinterpret_cast<nlmsghdr*>(bytes.data());
    if (size < 0 || nlmsg_ok(answer, static_cast<int>(size)) == 0) return std::nullopt;
    if (answer->nlmsg_seq != sequence_) continue;  // answer to a query that timed out
    if (answer->nlmsg_type == NLMSG_ERROR) {
      if (nlmsg_datalen(answer) < static_cast<int>(sizeof(nlmsgerr))) return std::nullopt;
      return Answer{.error = -static_cast<const nlmsgerr*>(nlmsg_data(answer))->error};
    }
    const std::optional<KernelRoute> route = ParseRoute(answer);
    if (!route.has_value()) return std::nullopt;
    return Answer{.is_local = route->type == RTN_LOCAL, .interface = route->interface_index};
  }
}

}  // namespace ringwire::platform
