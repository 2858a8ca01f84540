#ifndef RINGWIRE_PLATFORM_RELAY_INHERITED_TUN_H_
#define RINGWIRE_PLATFORM_RELAY_INHERITED_TUN_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/tun/tun_device.h"

namespace ringwire::platform {

// The descriptor whose number is in the environment variable; invalid if that is not set.
absl::StatusOr<UniqueFd> InheritedDescriptor(const char* variable);

// The numbers of the open descriptors that WG_TUN_FD and WG_UAPI_FD name.
std::vector<int> InheritedDescriptors();

// Makes a device of a TUN queue that our parent opened (WG_TUN_FD): one queue, with the parent's
// name. It must have the vnet header and no packet information.
absl::StatusOr<TunDevice> AdoptTunDevice(UniqueFd queue);

// Makes a device of all queues of one that another process of ours made, in this thread's network
// namespace, and changes nothing of it. `tso` and `uso` are left to the caller. InvalidArgument: a
// descriptor is no queue of ours, or they belong to several devices.
absl::StatusOr<TunDevice> AdoptTunQueues(std::vector<UniqueFd> queues);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_INHERITED_TUN_H_
