#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_

#include <cstdint>
#include <functional>
#include <string>

#include "core/config/uapi.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// What only the service can do that has started the device: it has the configuration file.
enum class ServiceRequest : uint8_t {
  kReload,  // apply the file again
  kSave,    // write the device's state into the file
};

struct ServiceResult {
  bool ok = true;
  std::string text;  // lines, without the last one's end: errors, or warnings; perhaps none
};
using ServiceAnswer = std::function<void(const ServiceResult&)>;

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
  // `answer` is called on the control thread: at once, later, or never if the device ends before.
  virtual void AskService(ServiceRequest request, ServiceAnswer answer) = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
