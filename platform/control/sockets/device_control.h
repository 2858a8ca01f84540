#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_

#include "core/config/uapi.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// What the connections of the control, status and admin sockets may ask of a device. Called on the
// control thread.
class DeviceControl {
 public:
  virtual ~DeviceControl() = default;

  virtual DeviceStatus Status() = 0;
  // Applies a whole change or nothing of it. error_number 0: applied.
  virtual UapiError Apply(const DeviceUpdate& update) = 0;
  virtual StatusReport Report() = 0;
  // Of a network interface where the device's sockets are; 0: there is none of that name.
  virtual uint32_t InterfaceIndex(const std::string& name) = 0;
  // Clears what is remembered of a peer's handshakes; false: nothing was.
  virtual bool Forget(const crypto::PublicKey& peer) = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
