#include "platform/udp/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "platform/udp/control_messages.h"
#include "platform/udp/port_holder.h"

namespace ringwire::platform {
namespace {

// The size that wireguard-go requests. The kernel charges a packet with all its memory, more than
// its length, so this is room for some thousand full-sized packets.
constexpr int kSocketBufferBytes = 7 << 20;
// How often a free port of one family is tried for the other before giving up.
constexpr int kFreePortAttempts = 16;

absl::Status SetOption(int fd, int level, int option, int value, const char* what) {
  if (::setsockopt(fd, level, option, &value, sizeof(value)) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("set ", what, " on a UDP socket"));
}

// More than net.core.rmem_max needs CAP_NET_ADMIN; without it the kernel caps the size at that
// limit.
void SetBufferSize(int fd, int forced_option, int option) {
  const int bytes = kSocketBufferBytes;
  if (::setsockopt(fd, SOL_SOCKET, forced_option, &bytes, sizeof(bytes)) == 0) return;
  ::setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

absl::Status Configure(int fd, int family, const UdpOptions& options) {
  absl::Status status;
  if (family == AF_INET) {
    status.Update(SetOption(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"));
    status.Update(SetOption(fd, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS"));
    // Without DF, as the kernel's WireGuard: routers in front of a narrower link fragment. With it,
    // full packets would vanish where a path does not report its MTU. IPv6 has no such bit.
    status.Update(SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"));
  } else {
    status.Update(SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
    status.Update(SetOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"));
    status.Update(SetOption(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS"));
  }
  if (options.gro) status.Update(SetOption(fd, SOL_UDP, UDP_GRO, 1, "UDP_GRO"));
  if (options.fwmark != 0) {
    status.Update(SetOption(fd, SOL_SOCKET, SO_MARK, static_cast<int>(options.fwmark),
                            "SO_MARK (FwMark needs CAP_NET_ADMIN)"));
  }
  SetBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  SetBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  return status;
}

absl::Status BindError(uint16_t port, int error, bool names_holder) {
  if (error == EADDRINUSE) {
    const std::string holder = names_holder ? HolderOfUdpPort(port) : std::string();
    return absl::AlreadyExistsError(absl::StrCat(
        "cannot bind UDP port ", port, ": Address already in use",
        holder.empty() ? absl::StrCat("; `ss -ulnp sport = :", port, "` names the program")
                       : absl::StrCat(" by ", holder),
        "; end it, or choose another ListenPort"));
  }
  if (error == EACCES) {
    return absl::PermissionDeniedError(
        absl::StrCat("bind UDP port ", port,
                     ": Permission denied (a port this low needs CAP_NET_BIND_SERVICE)"));
  }
  return absl::ErrnoToStatus(error, absl::StrCat("bind UDP port ", port));
}

absl::Status BindAny(int fd, int family, uint16_t port, bool names_holder) {
  SocketAddress any{family == AF_INET ? IpAddress::V4(std::array<uint8_t, 4>{})
                                      : IpAddress::V6(std::array<uint8_t, 16>{}),
                    port, 0};
  SocketName name;
  const socklen_t name_bytes = ToSocketName(any, &name);
  if (::bind(fd, &name.any, name_bytes) == 0) return absl::OkStatus();
  return BindError(port, errno, names_holder);
}

absl::StatusOr<uint16_t> BoundPort(int fd) {
  SocketName name{};
  socklen_t name_bytes = sizeof(name);
  if (::getsockname(fd, &name.any, &name_bytes) != 0) {
    return absl::ErrnoToStatus(errno, "ask for the UDP port that was bound");
  }
  return FromSocketName(&name, name_bytes).port;
}

// Opens one family's sockets, one per worker. Empty if the host does not have the family. `*port` 0
// becomes the port that the kernel chose.
absl::StatusOr<std::vector<UniqueFd>> OpenFamily(int family, const UdpOptions& options,
                                                 uint16_t* port) {
  std::vector<UniqueFd> sockets;
  for (size_t i = 0; i < options.workers; ++i) {
    UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
      if (errno == EAFNOSUPPORT && i == 0) return sockets;
      return absl::ErrnoToStatus(errno, "open a UDP socket");
    }
    absl::Status status = Configure(fd.get(), family, options);
    // A socket that shares its port joins others on it silently. So the first one binds without
    // sharing, which detects a busy port, and shares from then on.
    if (i > 0) status.Update(SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
    status.Update(BindAny(fd.get(), family, *port, options.names_holder));
    if (i == 0) status.Update(SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
    if (!status.ok()) return status;
    if (*port == 0) {
      ASSIGN_OR_RETURN(uint16_t bound, BoundPort(fd.get()));
      *port = bound;
    }
    sockets.push_back(std::move(fd));
  }
  return sockets;
}

absl::StatusOr<UdpSocketGroup> OpenBoth(const UdpOptions& options) {
  UdpSocketGroup group;
  group.port = options.port;
  ASSIGN_OR_RETURN(std::vector<UniqueFd> v4, OpenFamily(AF_INET, options, &group.port));
  ASSIGN_OR_RETURN(std::vector<UniqueFd> v6, OpenFamily(AF_INET6, options, &group.port));
  if (v4.empty() && v6.empty()) {
    return absl::UnavailableError("open a UDP socket: this host has neither IPv4 nor IPv6");
  }
  group.workers.resize(options.workers);
  for (size_t i = 0; i < options.workers; ++i) {
    if (!v4.empty()) group.workers[i].v4 = std::move((v4)[i]);
    if (!v6.empty()) group.workers[i].v6 = std::move((v6)[i]);
  }
  return group;
}

}  // namespace

absl::StatusOr<UdpSocketGroup> OpenUdpSockets(const UdpOptions& options) {
  absl::StatusOr<UdpSocketGroup> group = OpenBoth(options);
  // A port that is free for IPv4 may be in use for IPv6. If any port will do, try another.
  for (int attempt = 1;
       options.port == 0 && attempt < kFreePortAttempts && absl::IsAlreadyExists(group.status());
       ++attempt) {
    group = OpenBoth(options);
  }
  return group;
}

absl::Status SetFwmark(std::span<const int> sockets, uint32_t fwmark) {
  absl::Status status;
  for (const int fd : sockets) {
    status.Update(SetOption(fd, SOL_SOCKET, SO_MARK, static_cast<int>(fwmark),
                            "SO_MARK (FwMark needs CAP_NET_ADMIN)"));
  }
  return status;
}

absl::Status SendDatagram(const UdpSockets& sockets, const Endpoint& to, uint8_t tos,
                          std::span<const uint8_t> bytes, bool* source_unusable) {
  *source_unusable = false;
  const bool v4 = to.remote.address.family == IpFamily::kV4;
  const int fd = v4 ? sockets.v4.get() : sockets.v6.get();
  if (fd < 0 || !to.remote.address.IsSet()) {
    return absl::UnavailableError(
        absl::StrCat("send to ", to.remote.ToString(), ": no socket of this address family"));
  }
  OutgoingMessage message;
  message.Set({to, tos, 0, true}, bytes);
  if (::sendmsg(fd, &message.header(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return absl::OkStatus();
  int error = errno;
  if (to.local.IsSet() && MayBlameSourceAddress(error)) {
    message.Set({to, tos, 0, false}, bytes);
    if (::sendmsg(fd, &message.header(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      *source_unusable = true;
      return absl::OkStatus();
    }
    error = errno;
  }
  return absl::ErrnoToStatus(error, absl::StrCat("send to ", to.remote.ToString()));
}

}  // namespace ringwire::platform
