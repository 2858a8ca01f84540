#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/tun/tun_device.h"

namespace ringwire::platform {

// A short-lived TUN device for the tests at start, up and without an address. The kernel names it,
// so that several processes do not collide. Needs CAP_NET_ADMIN.
absl::StatusOr<TunDevice> MakeProbeDevice();

// Puts a virtio-net header and its packet directly into the device's queue, which bypasses all
// filters. Needs CAP_NET_RAW.
absl::Status SendRawFrame(const TunDevice& device, IpFamily family, std::span<const uint8_t> frame);

// Sends a datagram (a train unless `segment_bytes` is 0) through the device, whatever the routes
// say: with an explicit device any address counts as reachable there. The target is the discard
// port of 192.0.2.2, a documentation address.
absl::Status SendBoundToDevice(const TunDevice& device, std::span<const uint8_t> payload,
                               uint16_t segment_bytes);

// Makes the kernel deliver a packet to the reader of the device. With CAP_NET_RAW this bypasses
// routes and firewalls; without, it sends a datagram through the device, which a firewall may
// refuse.
absl::Status ProvokeFrame(const TunDevice& device);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_PROBE_DEVICE_H_
