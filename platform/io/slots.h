#ifndef RINGWIRE_PLATFORM_IO_SLOTS_H_
#define RINGWIRE_PLATFORM_IO_SLOTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/base/limits.h"
#include "platform/udp/control_messages.h"

// The memory that a backend receives into. One worker has
// 64 TUN slots x 65,728 + 64 UDP slots x 65,856 bytes = 8.4 MB, and a slot's pages become resident
// when a packet first reaches them. With two workers (16.8 MB) and their train arenas the process
// stays far below 64 MB even if every slot was filled once.
namespace ringwire::platform {

// One batch fills every slot, so a full batch and an empty buffer ring are the same event.
inline constexpr uint32_t kTunSlots = 64;
inline constexpr uint32_t kUdpSlots = 64;
static_assert(kTunSlots <= kBatchRunsMax && kUdpSlots <= kBatchRunsMax);

// The packet path may write a header before the received bytes.
inline constexpr size_t kHeadRoomBytes = 32;

// TUN: the virtio-net header ends, and the IP packet begins, on a cache line.
inline constexpr size_t kTunHeaderBytes = 10;
inline constexpr size_t kTunDataOffset = 64 - kTunHeaderBytes;
inline constexpr uint32_t kTunFrameBytesMax = kTunHeaderBytes + kTunPacketBytesMax;
static_assert(kTunDataOffset >= kHeadRoomBytes);

// UDP: io_uring's multishot recvmsg puts its header of 16 bytes, the name and the control messages
// before the payload. They are not needed after delivery of the batch. The payload is aligned to 16
// bytes.
inline constexpr size_t kReceivedHeadBytes = 16;
inline constexpr size_t kReceivedNameBytes = 32;
static_assert(kReceivedNameBytes >= sizeof(sockaddr_in6) && kReceivedNameBytes % 8 == 0);
inline constexpr size_t kUdpDataOffset =
    kReceivedHeadBytes + kReceivedNameBytes + kReceiveControlBytes;
static_assert(kUdpDataOffset >= kHeadRoomBytes && kUdpDataOffset % 16 == 0);
// The maximum of one UDP receive: a train as long as an IP packet.
inline constexpr uint32_t kDatagramBytesMax = 65535;

// Odd multiples of a cache line above 64 KiB: at a power of two the heads of all packets would
// compete for the same few cache sets.
inline constexpr size_t kTunSlotStride = 65536 + 3 * 64;
inline constexpr size_t kUdpSlotStride = 65536 + 5 * 64;
static_assert(kTunSlotStride >= kTunDataOffset + kTunFrameBytesMax);
static_assert(kUdpSlotStride >= kUdpDataOffset + kDatagramBytesMax);

// `count` slots in one mapping, page-aligned. Owned by one backend.
class SlotSlab {
 public:
  SlotSlab() = default;
  ~SlotSlab();
  SlotSlab(const SlotSlab&) = delete;
  SlotSlab& operator=(const SlotSlab&) = delete;

  absl::Status Allocate(uint32_t count, size_t stride);
  uint8_t* Slot(uint32_t index) const {
    DCHECK(index < count_);
    return base_ + index * stride_;
  }

 private:
  uint8_t* base_ = nullptr;
  uint32_t count_ = 0;
  size_t stride_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_SLOTS_H_
