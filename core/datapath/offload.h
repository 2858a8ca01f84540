#ifndef RINGWIRE_CORE_DATAPATH_OFFLOAD_H_
#define RINGWIRE_CORE_DATAPATH_OFFLOAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/datapath/transport_header.h"
#include "core/wire/address.h"

// Does what the virtio-net header of a TUN packet requests: cuts superpackets (TSO, USO) into
// packets and completes partial checksums. Pure functions; the format is that of the kernel's
// virtio_net_hdr with its legacy size of ten bytes. Only the numbers are Linux's.
namespace ringwire {

inline constexpr size_t kVnetHeaderBytes = 10;

struct VnetHeader {
  static constexpr uint8_t kNeedsChecksum = 1;  // flags
  static constexpr uint8_t kGsoNone = 0, kGsoTcpV4 = 1, kGsoTcpV6 = 4, kGsoUdpL4 = 5;
  static constexpr uint8_t kGsoEcn = 0x80;  // a bit on top of the TCP types

  uint8_t flags = 0;
  uint8_t gso_type = kGsoNone;
  uint16_t header_bytes = 0;  // a hint; recomputed on the way in, exact on the way out
  uint16_t gso_size = 0;
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;

  static VnetHeader Load(std::span<const uint8_t, kVnetHeaderBytes> bytes);
  void Store(std::span<uint8_t, kVnetHeaderBytes> bytes) const;
};

// How a packet from TUN becomes segments: all `segment_bytes` long but the last.
struct SplitPlan {
  bool is_gso = false;
  IpFamily family = IpFamily::kNone;
  bool is_tcp = false;
  uint32_t ip_header_bytes = 0;
  uint32_t header_bytes = 0;   // IP and TCP or UDP
  uint32_t payload_bytes = 0;  // of one segment but the last
  uint32_t segment_count = 1;
  uint32_t segment_bytes = 0;  // header_bytes + payload_bytes (the packet itself when not GSO)
  uint32_t last_bytes = 0;
  CommonSums common;  // of a superpacket
};

// Reads the header and plans. nullopt: the header contradicts the packet (bad offsets, unknown
// type, gso_size 0, headers that do not fit); such a frame is dropped. `packet` is the IP packet
// cut to its own total length.
std::optional<SplitPlan> PlanSplit(const VnetHeader& vnet, std::span<const uint8_t> packet);

// Writes segment `index` of the plan to `out` (plan.segment_bytes, or last_bytes for the last one),
// with every length, identification, sequence number, flag and checksum right (TCP: FIN and PSH on
// the last only, CWR on the first only; IPv4 ID counts up; a UDP checksum that computes to zero is
// sent as 0xFFFF).
void WriteSegment(const SplitPlan& plan, std::span<const uint8_t> packet, uint32_t index,
                  uint8_t* out);

// Completes the partial checksum of a packet that is no superpacket, in place (rule 23); one
// without kNeedsChecksum is complete and stays as it is. False: the offsets lie outside the IP
// payload, the packet is unchanged.
[[nodiscard]] bool CompleteChecksum(const VnetHeader& vnet, std::span<uint8_t> packet);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_OFFLOAD_H_
