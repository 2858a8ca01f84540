#ifndef RINGWIRE_PLATFORM_NETLINK_LINK_MONITOR_H_
#define RINGWIRE_PLATFORM_NETLINK_LINK_MONITOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/netlink/netlink.h"

struct nlmsghdr;

namespace ringwire::platform {

// Follows one interface by rtnetlink's notifications: set up, set down, another MTU, deleted. It
// follows the interface into another network namespace, while the sockets stay. That needs
// CAP_NET_BROADCAST when the monitor is opened; without it the link counts as up after the move.
// Thread-compatible.
class LinkMonitor {
 public:
  static absl::StatusOr<LinkMonitor> Open(uint32_t interface_index);

  int fd() const { return socket_.get(); }
  // The state after all notifications so far. `exists` false is final.
  LinkState Read();
  // Asks the kernel instead of waiting for a notification. It cannot ask about an interface in
  // another namespace; the answer is then no, which is right if a TUN queue of it has failed.
  bool StillExists();
  // The interface is in another namespace and cannot be followed.
  bool lost_sight() const { return lost_sight_; }

 private:
  LinkMonitor(UniqueFd socket, Netlink netlink, uint32_t interface_index, bool sees_all);

  void TakeDatagram(std::span<uint8_t> bytes, std::optional<int> namespace_id);
  void TakeMessage(nlmsghdr* message);
  void Requery();

  UniqueFd socket_;
  Netlink netlink_;
  uint32_t interface_index_;
  bool sees_all_namespaces_;
  std::optional<int> namespace_id_;  // absent: the namespace of our sockets
  bool lost_sight_ = false;
  LinkState state_;
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_LINK_MONITOR_H_
