#include "platform/io/offload/superpacket_proof.h"

#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/run.h"
#include "core/datapath/offload.h"
#include "platform/base/clock.h"
#include "platform/io/offload/probe_device.h"

namespace ringwire::platform {
namespace {

// The packet is in the device's queue before the send returns; the wait is for a busy machine.
constexpr absl::Duration kPatience = absl::Milliseconds(200);
// Two segments and a shorter one.
constexpr uint16_t kSegmentBytes = 100;
constexpr size_t kPayloadBytes = 250;
// More packets than a new device can hold.
constexpr int kFramesMax = 1000;

struct Kind {
  IpFamily family = IpFamily::kV4;
  bool tcp = false;

  size_t ip_bytes() const { return family == IpFamily::kV4 ? 20 : 40; }
  size_t header_bytes() const { return ip_bytes() + (tcp ? 20 : 8); }
  uint8_t protocol() const { return tcp ? IPPROTO_TCP : IPPROTO_UDP; }
  uint8_t gso_type() const {
    if (!tcp) return VnetHeader::kGsoUdpL4;
    return family == IpFamily::kV4 ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoTcpV6;
  }
};

std::array<uint8_t, kPayloadBytes> Payload() {
  std::array<uint8_t, kPayloadBytes> payload;
  std::iota(payload.begin(), payload.end(), uint8_t{1});
  return payload;
}

void Store16(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

// A superpacket between documentation addresses, after its virtio-net header. The IPv4 header
// checksum is wrong: TUN accepts it, and the host drops it at once.
std::vector<uint8_t> Superpacket(const Kind& kind) {
  constexpr std::array<uint8_t, 20> kIpV4{0x45, 0, 0,   0, 0, 0, 0x40, 0, 1, 0,
                                          0,    0, 192, 0, 2, 1, 192,  0, 2, 2};
  constexpr std::array<uint8_t, 40> kIpV6{
      0x60, 0,    0,    0,    0, 0, 0, 1,                           // hop limit 1
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,   //
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};  //
  std::vector<uint8_t> frame(kVnetHeaderBytes + kind.header_bytes());
  VnetHeader vnet;
  vnet.flags = VnetHeader::kNeedsChecksum;
  vnet.gso_type = kind.gso_type();
  vnet.header_bytes = static_cast<uint16_t>(kind.header_bytes());
  vnet.gso_size = kSegmentBytes;
  vnet.checksum_start = static_cast<uint16_t>(kind.ip_bytes());
  vnet.checksum_offset = kind.tcp ? 16 : 6;
  vnet.Store(std::span<uint8_t, kVnetHeaderBytes>(frame.data(), kVnetHeaderBytes));
  uint8_t* const ip = frame.data() + kVnetHeaderBytes;
  uint8_t* const transport = ip + kind.ip_bytes();
  const size_t transport_bytes = kind.header_bytes() - kind.ip_bytes() + kPayloadBytes;
  if (kind.family == IpFamily::kV4) {
    std::ranges::copy(kIpV4, ip);
    Store16(ip + 2, kind.ip_bytes() + transport_bytes);
    ip[9] = kind.protocol();
  } else {
    std::ranges::copy(kIpV6, ip);
    Store16(ip + 4, transport_bytes);
    ip[6] = kind.protocol();
  }
  Store16(transport + 2, 9);  // the discard port
  if (kind.tcp) {
    transport[12] = 5 << 4;  // the header's length in words
    transport[13] = 0x10;    // ACK
  } else {
    Store16(transport + 4, transport_bytes);
  }
  const auto payload = Payload();
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

// The kernel's result for a superpacket.
enum class Seen { kNothing, kWhole, kCut };

// kNothing: not ours (the host greets its neighbours on every device).
Seen Judge(const Kind& kind, std::span<const uint8_t> frame) {
  if (frame.size() < kVnetHeaderBytes + kind.header_bytes()) return Seen::kNothing;
  const VnetHeader vnet = VnetHeader::Load(frame.first<kVnetHeaderBytes>());
  const std::span<const uint8_t> packet = frame.subspan(kVnetHeaderBytes);
  const std::vector<uint8_t> sent = Superpacket(kind);
  const uint8_t* const ip = sent.data() + kVnetHeaderBytes;
  const bool v4 = kind.family == IpFamily::kV4;
  const size_t to = v4 ? 16 : 24;  // where the destination is, the last thing in both headers
  if (packet[0] >> 4 != (v4 ? 4 : 6) || packet[v4 ? 9 : 6] != kind.protocol() ||
      !std::equal(ip + to, ip + kind.ip_bytes(), packet.begin() + static_cast<ptrdiff_t>(to))) {
    return Seen::kNothing;
  }
  const auto payload = Payload();
  const bool whole = (vnet.gso_type & ~VnetHeader::kGsoEcn) == kind.gso_type() &&
                     vnet.gso_size == kSegmentBytes &&
                     std::ranges::equal(packet.subspan(kind.header_bytes()), payload);
  return whole ? Seen::kWhole : Seen::kCut;
}

Seen Await(const TunDevice& device, const Kind& kind) {
  std::vector<pollfd> watched;
  for (const UniqueFd& queue : device.queues) watched.push_back({queue.get(), POLLIN, 0});
  std::array<uint8_t, 2048> frame;
  const Instant deadline = BootNow() + kPatience;
  for (Instant now = BootNow(); now < deadline; now = BootNow()) {
    const int wait_ms = static_cast<int>(absl::ToInt64Milliseconds(deadline - now)) + 1;
    if (::poll(watched.data(), watched.size(), wait_ms) <= 0) continue;
    for (const pollfd& queue : watched) {
      const ssize_t bytes = queue.revents != 0 ? ::read(queue.fd, frame.data(), frame.size()) : 0;
      if (bytes <= 0) continue;
      const Seen seen = Judge(kind, {frame.data(), static_cast<size_t>(bytes)});
      if (seen != Seen::kNothing) return seen;
    }
  }
  return Seen::kNothing;
}

// Packets left by an earlier attempt would count for this one.
void Drain(const TunDevice& device) {
  std::array<uint8_t, 2048> frame;
  for (const UniqueFd& queue : device.queues) {
    for (int i = 0; i < kFramesMax; ++i) {
      if (::read(queue.get(), frame.data(), frame.size()) <= 0) break;
    }
  }
}

// Directly into the device's queue, which bypasses routes and firewalls.
Seen TryRaw(const TunDevice& device, const Kind& kind, std::string* why) {
  Drain(device);
  const absl::Status status = SendRawFrame(device, kind.family, Superpacket(kind));
  if (!status.ok()) {
    *why = std::string(status.message());
    return Seen::kNothing;
  }
  const Seen seen = Await(device, kind);
  if (seen == Seen::kNothing) *why = "a superpacket for a TUN device did not arrive";
  return seen;
}

// Both families, because one switch controls both. In pieces if one of them is.
Seen TryRawBoth(const TunDevice& device, bool tcp, std::string* why) {
  const Seen v4 = TryRaw(device, {IpFamily::kV4, tcp}, why);
  return v4 == Seen::kWhole ? TryRaw(device, {IpFamily::kV6, tcp}, why) : v4;
}

Seen TrySocket(const TunDevice& device, std::string* why) {
  Drain(device);
  const absl::Status status = SendBoundToDevice(device, Payload(), kSegmentBytes);
  if (!status.ok()) {
    *why = std::string(status.message());
    return Seen::kNothing;
  }
  const Seen seen = Await(device, {IpFamily::kV4, false});
  if (seen == Seen::kNothing) *why = "a train for a TUN device did not arrive";
  return seen;
}

void Settle(Offload offload, Seen seen, const std::string& why, CapabilityLadder* ladder) {
  if (seen == Seen::kCut) {
    ladder->Refuse(offload, "the kernel grants it but delivers pieces");
  } else if (seen == Seen::kNothing) {
    ladder->Doubt(offload, why);
  }
}

}  // namespace

void ProveSuperpacketReads(const TunDevice& device, CapabilityLadder* ladder) {
  std::string why;
  if (ladder->IsOn(Offload::kTso)) {
    const Seen seen = TryRawBoth(device, /*tcp=*/true, &why);
    Settle(Offload::kTso, seen, why, ladder);
  }
  if (!ladder->IsOn(Offload::kUso)) return;
  // Kernels before 6.5 cut every UDP superpacket of a raw socket, which they do not trust, and none
  // of a UDP socket. The UDP socket is the real case, but a firewall can block it.
  Seen seen = TryRawBoth(device, /*tcp=*/false, &why);
  if (seen != Seen::kWhole) seen = TrySocket(device, &why);
  Settle(Offload::kUso, seen, why, ladder);
}

bool WriteSuperpacket(const TunDevice& device, bool tcp) {
  const std::vector<uint8_t> frame = Superpacket({IpFamily::kV4, tcp});
  return ::write(device.queues.front().get(), frame.data(), frame.size()) >= 0;
}

}  // namespace ringwire::platform
