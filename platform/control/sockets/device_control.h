#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/config/uapi.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// Requests of the control, status and admin sockets to a device. Called on the control thread.
class DeviceControl {
 public:
  virtual ~DeviceControl() = default;

  virtual DeviceStatus StatusWithoutPeers() = 0;
  // A ListPeersFunction.
  virtual bool ListPeers(size_t* cursor, std::vector<PeerStatus>* peers) = 0;
  // Applies all of a change or nothing. error_number 0: applied.
  virtual UapiError Apply(const DeviceUpdate& update) = 0;
  // Without peers.
  virtual StatusReport Report() = 0;
  // The index of a network interface in the namespace of the device's sockets; 0: none of that
  // name.
  virtual uint32_t InterfaceIndex(const std::string& name) = 0;
  // Clears a peer's handshake timestamps; false: there were none.
  virtual bool Forget(const crypto::PublicKey& peer) = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_DEVICE_CONTROL_H_
