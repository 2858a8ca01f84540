#ifndef RINGWIRE_PLATFORM_CONTROL_DEVICE_CONTROL_H_
#define RINGWIRE_PLATFORM_CONTROL_DEVICE_CONTROL_H_

#include "absl/status/status.h"
#include "core/control/device_update.h"
#include "core/control/uapi.h"
#include "crypto/secret.h"
#include "platform/control/status_report.h"

namespace ringwire::platform {

// What the connections of the control and status sockets may ask of a device. Called on the control
// thread.
class DeviceControl {
 public:
  virtual ~DeviceControl() = default;

  virtual DeviceStatus Status() = 0;
  // Applies a whole change or nothing of it. error_number 0: applied.
  virtual UapiError Apply(const DeviceUpdate& update) = 0;
  virtual StatusReport Report() = 0;
  // Clears what is remembered of a peer's handshakes; false: nothing was.
  virtual bool Forget(const crypto::PublicKey& peer) = 0;
  // Applies the configuration file again.
  virtual absl::Status Reload() = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_DEVICE_CONTROL_H_
