#ifndef RINGWIRE_PLATFORM_NETLINK_NETLINK_SOCKET_H_
#define RINGWIRE_PLATFORM_NETLINK_NETLINK_SOCKET_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct nl_sock;

namespace ringwire::platform {

// The status of a request whose `result` is negative: PermissionDenied with a hint, NotFound if the
// object or its interface does not exist, else Internal. `tried` begins the message.
absl::Status NetlinkError(int result, const std::string& tried);

// A socket for rtnetlink that survives failed requests. libnl numbers requests and expects answers
// with the same numbers: after a request that was not sent, or a lost answer, it would accept no
// later answer. Thread-compatible.
class NetlinkSocket {
 public:
  static absl::StatusOr<NetlinkSocket> Open();

  // Makes a request and returns its result: at least 0, or a negative libnl error.
  int Request(absl::FunctionRef<int(nl_sock*)> request);

  // For settings, not for requests. Valid until the next request.
  nl_sock* get() { return socket_.get(); }

 private:
  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  using Socket = std::unique_ptr<nl_sock, CloseSocket>;
  explicit NetlinkSocket(Socket socket) : socket_(std::move(socket)) {}
  bool Renew();

  Socket socket_;
  bool out_of_step_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NETLINK_SOCKET_H_
