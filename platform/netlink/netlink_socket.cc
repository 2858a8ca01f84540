#include "platform/netlink/netlink_socket.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <cerrno>

#include "fmt/format.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// Errors that only an answer of the kernel carries, never a system call: the sequence numbers still
// agree.
bool IsAnswer(int result) {
  return result == -NLE_EXIST || result == -NLE_OBJ_NOTFOUND || result == -NLE_NODEV ||
         result == -NLE_NOADDR || result == -NLE_AF_NOSUPPORT;
}

// Discards leftover answers. False: there are too many.
bool Drain(int socket) {
  constexpr int kMessagesMax = 1'000'000;  // a list of all routes of a large router is one answer
  char byte = 0;
  for (int i = 0; i < kMessagesMax; ++i) {
    const ssize_t size = ::recv(socket, &byte, sizeof(byte), MSG_DONTWAIT);
    if (size < 0 && errno != ENOBUFS && errno != EINTR) return true;
  }
  return false;
}

}  // namespace

void NetlinkSocket::CloseSocket::operator()(nl_sock* socket) const { nl_socket_free(socket); }

absl::Status NetlinkError(int result, const std::string& tried) {
  const int error = -result;
  const std::string text = fmt::format("{}: {}", tried, nl_geterror(error));
  if (error == NLE_PERM) {
    return absl::PermissionDeniedError(text + " (run as root, or grant CAP_NET_ADMIN)");
  }
  // A missing right is EPERM. The kernel says EACCES of addresses and routes of IPv6 on an
  // interface where somebody has switched it off.
  if (error == NLE_NOACCESS) {
    return absl::PermissionDeniedError(
        text +
        " (IPv6 is off on this interface: set net.ipv6.conf.IFNAME.disable_ipv6 to 0 for it, or "
        "leave IPv6 out of the configuration)");
  }
  if (error == NLE_OBJ_NOTFOUND || error == NLE_NODEV) return absl::NotFoundError(text);
  return absl::InternalError(text);
}

absl::StatusOr<NetlinkSocket> NetlinkSocket::Open() {
  Socket socket(nl_socket_alloc());
  if (socket == nullptr) return absl::ResourceExhaustedError("open a netlink socket");
  const int result = nl_connect(socket.get(), NETLINK_ROUTE);
  if (result < 0) {
    return absl::InternalError(fmt::format("open a netlink socket: {}", nl_geterror(-result)));
  }
  return NetlinkSocket(std::move(socket));
}

int NetlinkSocket::Request(absl::FunctionRef<int(nl_sock*)> request) {
  if (out_of_step_ && !Renew()) return -NLE_NOMEM;
  const int result = request(socket_.get());
  out_of_step_ = result < 0 && !IsAnswer(result);
  return result;
}

// libnl has no call to set its sequence numbers, but a new object for the same socket starts anew.
// A newly opened socket might be in another network namespace.
bool NetlinkSocket::Renew() {
  nl_cb* const callbacks = nl_socket_get_cb(socket_.get());
  Socket fresh(nl_socket_alloc_cb(callbacks));
  nl_cb_put(callbacks);
  if (fresh == nullptr || !Drain(nl_socket_get_fd(socket_.get()))) return false;
  UniqueFd same(::fcntl(nl_socket_get_fd(socket_.get()), F_DUPFD_CLOEXEC, 0));
  if (!same.valid() || nl_socket_set_fd(fresh.get(), NETLINK_ROUTE, same.get()) < 0) return false;
  same.Release();
  socket_ = std::move(fresh);
  return true;
}

}  // namespace ringwire::platform
