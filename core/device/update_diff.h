#ifndef RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_
#define RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_

#include "core/device/device_update.h"

namespace ringwire {

// The smallest change that takes a device from the state `current` to the result of applying
// `wanted`. Unchanged parts are not touched and sessions live on, as with `wg syncconf`. A peer
// that `wanted` replaces or lists again keeps the endpoint it has, unless `wanted` names another.
// Pure; O(n log n) in peers and prefixes.
DeviceUpdate Diff(const DeviceStatus& current, const DeviceUpdate& wanted);

// Makes `wanted`, which replaces all peers, keep the values that it does not name for peers of the
// device: preshared key, keepalive and allowed IPs. Pure; O(n).
void KeepUnnamed(const DeviceStatus& current, DeviceUpdate* wanted);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_
