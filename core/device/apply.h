#ifndef RINGWIRE_CORE_DEVICE_APPLY_H_
#define RINGWIRE_CORE_DEVICE_APPLY_H_

#include <vector>

#include "core/device/device_update.h"

namespace ringwire {

// The peers that a device with `peers` has after `update`, in the order of their creation. Their
// allowed IPs are sorted. Every change of peers means what it means here: a reload and a save
// compute with it, and the control plane is tested against it. Unlike a device, it keeps a peer
// with the device's own key. `update` is valid (validate.h). Pure; O(n log n) in peers and
// prefixes.
std::vector<PeerStatus> Apply(std::vector<PeerStatus> peers, const DeviceUpdate& update);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_APPLY_H_
