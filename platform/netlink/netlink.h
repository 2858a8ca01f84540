#ifndef RINGWIRE_PLATFORM_NETLINK_NETLINK_H_
#define RINGWIRE_PLATFORM_NETLINK_NETLINK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "platform/netlink/netlink_socket.h"

namespace ringwire::platform {

struct LinkState {
  bool exists = true;
  bool up = false;
  uint32_t mtu = 0;
  std::string kind;  // as in `ip link add type`; empty for hardware
};

// Changes one interface through rtnetlink. The kernel has confirmed each change before the call
// returns. Thread-compatible.
class Netlink {
 public:
  static absl::StatusOr<Netlink> Open();

  // An existing address is no error (false: nothing was added); neither is removing a missing one.
  absl::StatusOr<bool> AddAddress(uint32_t interface_index, const InterfaceAddress& address);
  absl::Status RemoveAddress(uint32_t interface_index, const InterfaceAddress& address);
  absl::Status SetMtu(uint32_t interface_index, uint32_t mtu);
  absl::Status SetLinkUp(uint32_t interface_index);
  absl::Status SetMulticastOff(uint32_t interface_index);
  // The kernel makes no link-local address from now on. OK where there is no IPv6.
  absl::Status SetNoLinkLocal(uint32_t interface_index);
  // 0: there is none of that name.
  uint32_t IndexOf(const std::string& name);
  // In the kernel's order, which for IPv4 is the order of preference as a source.
  absl::StatusOr<std::vector<InterfaceAddress>> Addresses(uint32_t interface_index);
  // NotFound: there is no such interface (any more).
  absl::StatusOr<LinkState> Query(uint32_t interface_index);

 private:
  explicit Netlink(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NETLINK_H_
