#ifndef RINGWIRE_PLATFORM_NETLINK_BRIDGE_NETLINK_H_
#define RINGWIRE_PLATFORM_NETLINK_BRIDGE_NETLINK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/netlink/netlink_socket.h"

namespace ringwire::platform {

inline constexpr uint16_t kVxlanPort = 4789;  // IANA's; without `dstport` ip(8) chooses another one

// A VXLAN device on top of an interface, as a port of a bridge.
struct Vxlan {
  std::string name;
  std::string bridge;
  uint32_t id = 1;
  IpAddress local;  // the source of its packets
  uint32_t mtu = 0;
  friend bool operator==(const Vxlan&, const Vxlan&) = default;
};

struct BridgeState {
  bool is_bridge = false;  // else the name is another link's
  bool is_ours = false;    // made by a ringwire
};

// Bridges, VXLAN devices and their forwarding entries, in the network namespace of Open(). The
// kernel has confirmed each change before the call returns. Thread-compatible.
class BridgeNetlink {
 public:
  static absl::StatusOr<BridgeNetlink> Open();

  // nullopt: there is no link of that name.
  absl::StatusOr<std::optional<BridgeState>> FindBridge(const std::string& name);
  // Makes it, and sets it up. False: it is there. AlreadyExists: another link has the name.
  absl::StatusOr<bool> AddBridge(const std::string& name);
  // Removes one that a ringwire has made and that has no port left. False: it is kept, or there is
  // none.
  absl::StatusOr<bool> RemoveBridge(const std::string& name);

  // Makes the device on top of the interface with the index `lower`, or changes it to be like that.
  // AlreadyExists: another kind of link has the name, or another device the id.
  absl::Status AddVxlan(const Vxlan& vxlan, uint32_t lower);
  // A missing one is no error.
  absl::Status RemoveVxlan(const std::string& name);

  // Frames to all hosts and to unknown ones also go to this address. False: they do already.
  absl::StatusOr<bool> AddForwarding(const std::string& vxlan, const IpAddress& to);
  // A missing entry or device is no error.
  absl::Status RemoveForwarding(const std::string& vxlan, const IpAddress& to);

 private:
  explicit BridgeNetlink(NetlinkSocket socket) : socket_(std::move(socket)) {}
  absl::StatusOr<bool> HasPorts(uint32_t bridge);
  absl::Status MakeVxlan(const Vxlan& vxlan, uint32_t lower);
  absl::Status Delete(uint32_t index, const std::string& name);
  int ChangeForwarding(int type, int flags, uint32_t index, const IpAddress& to);

  NetlinkSocket socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_BRIDGE_NETLINK_H_
