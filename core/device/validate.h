#ifndef RINGWIRE_CORE_DEVICE_VALIDATE_H_
#define RINGWIRE_CORE_DEVICE_VALIDATE_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/device/device_update.h"

namespace ringwire {

// The part of a device's state that decides whether a change is possible.
struct DeviceFacts {
  size_t peer_count = 0;
  absl::FunctionRef<bool(const crypto::PublicKey&)> has_peer;
};

// Whether all of `update` can be applied; otherwise the caller must apply none of it.
// kResourceExhausted if at any point there would be more than kPeersMax peers, kInvalidArgument for
// a value that no peer can have.
absl::Status Validate(const DeviceUpdate& update, const DeviceFacts& facts);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_VALIDATE_H_
