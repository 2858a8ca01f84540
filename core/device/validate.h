#ifndef RINGWIRE_CORE_DEVICE_VALIDATE_H_
#define RINGWIRE_CORE_DEVICE_VALIDATE_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/device/device_update.h"

namespace ringwire {

// What of a device's state decides whether a change is possible.
struct DeviceFacts {
  size_t peer_count = 0;
  absl::FunctionRef<bool(const crypto::PublicKey&)> has_peer;
};

// Whether the whole of `update` can be applied, so that nothing is applied of one that cannot.
// kResourceExhausted if at any point there would be more than kPeersMax peers, kInvalidArgument for
// a value that no peer can have.
absl::Status Validate(const DeviceUpdate& update, const DeviceFacts& facts);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_VALIDATE_H_
