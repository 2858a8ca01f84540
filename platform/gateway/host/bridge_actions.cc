#include "core/base/status_macros.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/netlink/bridge_netlink.h"
#include "spdlog/spdlog.h"

// What Host does for an Ethernet segment over the tunnel.
namespace ringwire::platform {
namespace {

absl::StatusOr<bool> IsDone(const absl::Status& status) {
  if (!status.ok()) return status;
  return true;
}

}  // namespace

absl::StatusOr<bool> Host::Do(const action::AddBridge& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  ASSIGN_OR_RETURN(const bool made, netlink.AddBridge(action.name));
  if (made) return true;
  // The last tunnel removes a bridge that another ringwire made.
  ASSIGN_OR_RETURN(const std::optional<BridgeState> found, netlink.FindBridge(action.name));
  return found.has_value() && found->is_ours;
}

absl::StatusOr<bool> Host::Do(const action::RemoveBridge& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  ASSIGN_OR_RETURN(const bool removed, netlink.RemoveBridge(action.name));
  if (removed) return true;
  ASSIGN_OR_RETURN(const std::optional<BridgeState> found, netlink.FindBridge(action.name));
  if (found.has_value()) {
    spdlog::info("{}: the bridge {} stays, because it has other ports", interface_, action.name);
  }
  return true;
}

absl::StatusOr<bool> Host::Do(const action::AddVxlan& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  return IsDone(netlink.AddVxlan(action.vxlan, interface_index()));
}

absl::StatusOr<bool> Host::Do(const action::RemoveVxlan& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  return IsDone(netlink.RemoveVxlan(action.name));
}

absl::StatusOr<bool> Host::Do(const action::AddForwarding& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  // Also one that is there: the device is ours, so its entries are.
  return IsDone(netlink.AddForwarding(action.vxlan, action.to).status());
}

absl::StatusOr<bool> Host::Do(const action::RemoveForwarding& action) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  return IsDone(netlink.RemoveForwarding(action.vxlan, action.to));
}

}  // namespace ringwire::platform
