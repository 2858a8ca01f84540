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
  std::string kind;  // as `ip link add type` calls it; empty: none has a name, as of hardware
};

// Changes of one interface by rtnetlink, each made and confirmed by the kernel before the call
// returns. Thread-compatible.
class Netlink {
 public:
  static absl::StatusOr<Netlink> Open();

  // An address that is there already is fine (false: nothing was added); so is removing one that is
  // not.
  absl::StatusOr<bool> AddAddress(uint32_t interface_index, const InterfaceAddress& address);
  absl::Status RemoveAddress(uint32_t interface_index, const InterfaceAddress& address);
  absl::Status SetMtu(uint32_t interface_index, uint32_t mtu);
  absl::Status SetLinkUp(uint32_t interface_index);
  // 0: there is none of that name.
  uint32_t IndexOf(const std::string& name);
  // In the kernel's order, which for IPv4 is that in which they are preferred as a source. With
  // link-local ones, of which the kernel may have given it one.
  absl::StatusOr<std::vector<InterfaceAddress>> Addresses(uint32_t interface_index);
  // NotFound: there is no such interface (any more).
  absl::StatusOr<LinkState> Query(uint32_t interface_index);

 private:
  explicit Netlink(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NETLINK_H_
