#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/action.h"
#include "platform/gateway/route_netlink.h"
#include "platform/netlink/netlink.h"

namespace ringwire::platform {

// Carries out actions on this host: a thin layer over netlink, libnftables, /proc/sys and the few
// programs that there is no other way for. Thread-compatible.
class Host {
 public:
  // Whoever owns the interface, for CreateInterface and DeleteInterface.
  struct InterfaceOwner {
    std::function<absl::Status()> create;
    std::function<absl::Status()> remove;
  };

  static absl::StatusOr<Host> Open(std::string interface, InterfaceOwner owner);

  // Makes the host as `action` says; where it is so already, nothing happens. True: something was
  // changed. The error says what was tried.
  absl::StatusOr<bool> Apply(const Action& action);

  // Where actions about the interface apply: 0 (there is none) until it is set.
  void set_interface_index(uint32_t index) { interface_index_ = index; }
  uint32_t interface_index() const { return interface_index_; }

 private:
  Host(std::string interface, InterfaceOwner owner, Netlink netlink, RouteNetlink routes);

  absl::StatusOr<bool> Do(const CreateInterface& action);
  absl::StatusOr<bool> Do(const DeleteInterface& action);
  absl::StatusOr<bool> Do(const AddAddress& action);
  absl::StatusOr<bool> Do(const RemoveAddress& action);
  absl::StatusOr<bool> Do(const SetMtu& action);
  absl::StatusOr<bool> Do(const SetLinkUp& action);
  absl::StatusOr<bool> Do(const AddRoute& action);
  absl::StatusOr<bool> Do(const RemoveRoute& action);
  absl::StatusOr<bool> Do(const AddRule& action);
  absl::StatusOr<bool> Do(const RemoveRule& action);
  absl::StatusOr<bool> Do(const SetSysctl& action);
  absl::StatusOr<bool> Do(const ReplaceNftTable& action);
  absl::StatusOr<bool> Do(const DeleteNftTable& action);
  absl::StatusOr<bool> Do(const SetDns& action);
  absl::StatusOr<bool> Do(const RevertDns& action);
  absl::StatusOr<bool> Do(const RunHook& action);

  std::string interface_;
  InterfaceOwner owner_;
  Netlink netlink_;
  RouteNetlink routes_;
  uint32_t interface_index_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_H_
