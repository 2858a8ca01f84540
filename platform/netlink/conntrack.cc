#include "platform/netlink/conntrack.h"

#include <netinet/in.h>
#include <netlink/addr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netfilter/ct.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "core/base/status_macros.h"
#include "platform/netlink/netlink_socket.h"

namespace ringwire::platform {
namespace {

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;

struct FreeConnection {
  void operator()(nfnl_ct* connection) const { nfnl_ct_put(connection); }
};
using Connection = std::unique_ptr<nfnl_ct, FreeConnection>;

// As libnl names the directions of a connection.
constexpr int kOriginal = 0;
constexpr int kReply = 1;

absl::StatusOr<Socket> Open() {
  Socket socket(nl_socket_alloc());
  if (socket == nullptr) return absl::ResourceExhaustedError("open a netlink socket: no memory");
  const int result = nfnl_connect(socket.get());
  if (result < 0) return NetlinkError(result, "open a netlink socket of netfilter");
  return socket;
}

std::optional<SocketAddress> Read(const nl_addr* address, uint16_t port) {
  if (address == nullptr) return std::nullopt;
  SocketAddress read{{}, port};
  const auto size = static_cast<size_t>(nl_addr_get_len(address));
  if (size == 4) read.address.family = IpFamily::kV4;
  if (size == 16) read.address.family = IpFamily::kV6;
  if (!read.address.IsSet()) return std::nullopt;
  std::memcpy(read.address.bytes.data(), nl_addr_get_binary_addr(address), size);
  return read;
}

// nullopt: not UDP.
std::optional<TrackedDatagrams> Read(const nfnl_ct* connection) {
  if (nfnl_ct_get_proto(connection) != IPPROTO_UDP) return std::nullopt;
  const auto asked =
      Read(nfnl_ct_get_dst(connection, kOriginal), nfnl_ct_get_dst_port(connection, kOriginal));
  const auto served =
      Read(nfnl_ct_get_src(connection, kReply), nfnl_ct_get_src_port(connection, kReply));
  if (!asked.has_value() || !served.has_value()) return std::nullopt;
  return TrackedDatagrams{*asked, *served};
}

// The forward for the requested address and port, if that address has forwarded ports.
const PortForward* ForwardOf(const SocketAddress& asked, const DatagramForwards& ports,
                             const std::vector<Prefix>& local) {
  const auto forward = std::ranges::find_if(ports.forwards, [&asked](const PortForward& one) {
    return one.protocol == PortForward::Protocol::kUdp &&
           one.target.family == asked.address.family && one.ports.Contains(asked.port);
  });
  if (forward == ports.forwards.end()) return nullptr;
  if (std::ranges::find(ports.own, asked.address) != ports.own.end()) return nullptr;
  const bool is_local = std::ranges::any_of(
      local, [&asked](const Prefix& prefix) { return prefix.Contains(asked.address); });
  return is_local ? &*forward : nullptr;
}

bool IsServedBy(const TrackedDatagrams& one, const PortForward& forward) {
  return one.served.address == forward.target &&
         one.served.port - forward.target_ports.first == one.asked.port - forward.ports.first;
}

// The argument of a dump's callback.
struct Reading {
  absl::FunctionRef<bool(const TrackedDatagrams&)> which;
  nl_sock* deleting;
  size_t count = 0;
};

void Visit(nlmsghdr* message, Reading* reading) {
  nfnl_ct* parsed = nullptr;
  if (nfnlmsg_ct_parse(message, &parsed) < 0) return;
  const Connection connection(parsed);
  const std::optional<TrackedDatagrams> one = Read(connection.get());
  if (!one.has_value() || !reading->which(*one)) return;
  // The entry may have ended by now.
  if (nfnl_ct_del(reading->deleting, connection.get(), 0) >= 0) ++reading->count;
}

}  // namespace

bool IsUnforwarded(const TrackedDatagrams& one, const DatagramForwards& ports,
                   const std::vector<Prefix>& local) {
  const PortForward* const forward = ForwardOf(one.asked, ports, local);
  return forward != nullptr && !IsServedBy(one, *forward);
}

bool IsForwarded(const TrackedDatagrams& one, const DatagramForwards& ports,
                 const std::vector<Prefix>& local) {
  const PortForward* const forward = ForwardOf(one.asked, ports, local);
  return forward != nullptr && IsServedBy(one, *forward);
}

absl::StatusOr<size_t> ForgetDatagrams(absl::FunctionRef<bool(const TrackedDatagrams&)> which) {
  ASSIGN_OR_RETURN(const Socket listing, Open());
  ASSIGN_OR_RETURN(const Socket deleting, Open());
  Reading reading{which, deleting.get()};
  nl_socket_modify_cb(
      listing.get(), NL_CB_VALID, NL_CB_CUSTOM,
      [](nl_msg* message, void* reading_of) {
        Visit(nlmsg_hdr(message), static_cast<Reading*>(reading_of));
        return static_cast<int>(NL_OK);
      },
      &reading);
  int result = nfnl_ct_dump_request(listing.get());
  if (result >= 0) result = nl_recvmsgs_default(listing.get());
  if (result < 0) return NetlinkError(result, "list the connections that the kernel tracks");
  return reading.count;
}

}  // namespace ringwire::platform
