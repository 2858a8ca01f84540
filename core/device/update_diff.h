#ifndef RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_
#define RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_

#include "core/device/device_update.h"

namespace ringwire {

// The least change that brings a device in the state `current` to where applying `wanted` would
// bring it, so that what stays the same is not touched and sessions live on, as with `wg syncconf`.
// A peer that `wanted` replaces or lists again keeps the endpoint it has, unless `wanted` names
// another. Pure; O(n log n) in peers and prefixes.
DeviceUpdate Diff(const DeviceStatus& current, const DeviceUpdate& wanted);

// Makes `wanted`, which replaces all peers, leave alone what it does not name of peers that the
// device has: preshared key, keepalive and allowed IPs. Pure; O(n).
void KeepUnnamed(const DeviceStatus& current, DeviceUpdate* wanted);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_UPDATE_DIFF_H_
