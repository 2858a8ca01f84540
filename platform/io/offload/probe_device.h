#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/tun/tun_device.h"

namespace ringwire::platform {

// A short-lived TUN device, up and with no address, that start-up tests try the kernel on. The
// kernel names it, so that tests of several processes never meet. Needs CAP_NET_ADMIN.
absl::StatusOr<TunDevice> MakeProbeDevice();

// Puts a virtio-net header and the packet behind it straight into the device's queue, past
// everything that could filter it. Needs CAP_NET_RAW.
absl::Status SendRawFrame(const TunDevice& device, IpFamily family, std::span<const uint8_t> frame);

// A datagram (a train unless `segment_bytes` is 0) that leaves by the device whatever the routes
// say: an address on a device that the sender names counts as reachable there. To the discard port
// of 192.0.2.2, an address for documentation.
absl::Status SendBoundToDevice(const TunDevice& device, std::span<const uint8_t> payload,
                               uint16_t segment_bytes);

// Makes the kernel hand a packet to whoever reads the device. With CAP_NET_RAW neither routes nor
// firewalls have a say in it; without, a datagram is sent by way of the device, which a firewall
// may refuse.
absl::Status ProvokeFrame(const TunDevice& device);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_
