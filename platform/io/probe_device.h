#ifndef RINGWIRE_PLATFORM_IO_PROBE_DEVICE_H_
#define RINGWIRE_PLATFORM_IO_PROBE_DEVICE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/tun/tun_device.h"

namespace ringwire::platform {

// A short-lived TUN device, up and with no address, that start-up tests try the kernel on. The
// kernel names it, so that tests of several processes never meet. Needs CAP_NET_ADMIN.
absl::StatusOr<TunDevice> MakeProbeDevice();

// Makes the kernel hand a packet to whoever reads the device. With CAP_NET_RAW neither routes nor
// firewalls have a say in it; without, a datagram is sent by way of the device, which a firewall
// may refuse.
absl::Status ProvokeFrame(const TunDevice& device);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_PROBE_DEVICE_H_
