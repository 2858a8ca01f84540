#include "core/datapath/offload.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/datapath/transport_header.h"
#include "core/wire/checksum.h"
#include "core/wire/ip_packet.h"

namespace ringwire {
namespace {

// The kernel keeps it for a kind of superpacket that cannot cross a TUN device (GSO_BY_FRAGS).
constexpr uint16_t kGsoSizeReserved = 0xffff;

// The family and protocol that a gso_type stands for.
struct GsoKind {
  IpFamily family = IpFamily::kNone;  // kNone: either
  uint8_t protocol = 0;
};

std::optional<GsoKind> GsoKindOf(uint8_t gso_type) {
  switch (gso_type & ~VnetHeader::kGsoEcn) {
    case VnetHeader::kGsoTcpV4:
      return GsoKind{IpFamily::kV4, kProtocolTcp};
    case VnetHeader::kGsoTcpV6:
      return GsoKind{IpFamily::kV6, kProtocolTcp};
    case VnetHeader::kGsoUdpL4:
      if ((gso_type & VnetHeader::kGsoEcn) != 0) return std::nullopt;
      return GsoKind{IpFamily::kNone, kProtocolUdp};
    default:
      return std::nullopt;
  }
}

// The offset of the transport header, if the packet may be split at all.
std::optional<size_t> TransportOffset(const GsoKind& kind, std::span<const uint8_t> packet,
                                      const IpPacket& ip) {
  if (kind.family != IpFamily::kNone && kind.family != ip.family) return std::nullopt;
  const auto payload = FindIpPayload(packet, ip);
  if (!payload || payload->protocol != kind.protocol) return std::nullopt;
  // A fragment has no whole transport payload, and the checksum of a source-routed packet covers an
  // address that is not in the IP header.
  if (payload->is_fragment || payload->is_source_routed) return std::nullopt;
  return payload->offset;
}

// 0: the header does not fit.
size_t TransportHeaderBytes(bool is_tcp, std::span<const uint8_t> transport) {
  if (!is_tcp) return transport.size() < kUdpHeaderBytes ? 0 : kUdpHeaderBytes;
  if (transport.size() < kTcpHeaderBytesMin) return 0;
  const size_t bytes = size_t{transport[kTcpDataOffset]} / 16 * 4;
  return bytes < kTcpHeaderBytesMin || bytes > transport.size() ? 0 : bytes;
}

std::optional<SplitPlan> PlanSuperpacket(const VnetHeader& vnet, std::span<const uint8_t> packet) {
  const auto kind = GsoKindOf(vnet.gso_type);
  if (!kind || vnet.gso_size == 0 || vnet.gso_size == kGsoSizeReserved) return std::nullopt;
  const auto ip = ParseIpPacket(packet);
  if (!ip || ip->total_bytes != packet.size()) return std::nullopt;
  const auto offset = TransportOffset(*kind, packet, *ip);
  if (!offset) return std::nullopt;

  const bool is_tcp = kind->protocol == kProtocolTcp;
  if ((vnet.flags & VnetHeader::kNeedsChecksum) != 0 &&
      (vnet.checksum_start != *offset ||
       vnet.checksum_offset != (is_tcp ? kTcpChecksum : kUdpChecksum))) {
    return std::nullopt;
  }
  const size_t transport_bytes = TransportHeaderBytes(is_tcp, packet.subspan(*offset));
  if (transport_bytes == 0) return std::nullopt;

  // vnet.header_bytes is not used: a forwarded packet may count its whole first segment there.
  SplitPlan plan;
  plan.is_gso = true;
  plan.family = ip->family;
  plan.is_tcp = is_tcp;
  plan.ip_header_bytes = static_cast<uint32_t>(*offset);
  plan.header_bytes = static_cast<uint32_t>(*offset + transport_bytes);
  const uint32_t payload = static_cast<uint32_t>(packet.size()) - plan.header_bytes;
  plan.payload_bytes = std::min<uint32_t>(vnet.gso_size, payload);
  plan.segment_bytes = plan.header_bytes + plan.payload_bytes;
  plan.segment_count = std::max<uint32_t>(1, (payload + vnet.gso_size - 1) / vnet.gso_size);
  plan.last_bytes = plan.header_bytes + payload - (plan.segment_count - 1) * plan.payload_bytes;
  plan.common =
      CommonSumsOf(packet.data(), plan.family, is_tcp, plan.ip_header_bytes, plan.header_bytes);
  return plan;
}

void WriteIpFields(const SplitPlan& plan, uint32_t index, size_t bytes, uint8_t* ip) {
  if (plan.family == IpFamily::kV6) {
    StoreBe16(ip + 4, static_cast<uint16_t>(bytes - kIpv6HeaderBytes));
    return;
  }
  const auto identification = static_cast<uint16_t>(LoadBe16(ip + 4) + index);
  StoreBe16(ip + 2, static_cast<uint16_t>(bytes));
  StoreBe16(ip + 4, identification);
  const uint16_t sum = FoldChecksum(plan.common.ip + bytes + identification);
  StoreBe16(ip + 10, static_cast<uint16_t>(~sum));
}

void WriteTcpFields(const SplitPlan& plan, uint32_t index, uint8_t* tcp) {
  StoreBe32(tcp + kTcpSequence, LoadBe32(tcp + kTcpSequence) + index * plan.payload_bytes);
  uint8_t flags = tcp[kTcpFlags];
  if (index != 0) flags &= static_cast<uint8_t>(~kTcpCwr);
  if (index + 1 != plan.segment_count) flags &= static_cast<uint8_t>(~(kTcpFin | kTcpPsh));
  tcp[kTcpFlags] = flags;
}

}  // namespace

VnetHeader VnetHeader::Load(std::span<const uint8_t, kVnetHeaderBytes> bytes) {
  // The legacy header is in the machine's order, which is little-endian (see endian.h).
  VnetHeader header;
  header.flags = bytes[0];
  header.gso_type = bytes[1];
  header.header_bytes = LoadRaw<uint16_t>(&bytes[2]);
  header.gso_size = LoadRaw<uint16_t>(&bytes[4]);
  header.checksum_start = LoadRaw<uint16_t>(&bytes[6]);
  header.checksum_offset = LoadRaw<uint16_t>(&bytes[8]);
  return header;
}

void VnetHeader::Store(std::span<uint8_t, kVnetHeaderBytes> bytes) const {
  bytes[0] = flags;
  bytes[1] = gso_type;
  StoreRaw(&bytes[2], header_bytes);
  StoreRaw(&bytes[4], gso_size);
  StoreRaw(&bytes[6], checksum_start);
  StoreRaw(&bytes[8], checksum_offset);
}

std::optional<SplitPlan> PlanSplit(const VnetHeader& vnet, std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  // The type is a bit field: compare without the ECN bit, or "none" with that bit would pass for a
  // superpacket.
  if ((vnet.gso_type & ~VnetHeader::kGsoEcn) != VnetHeader::kGsoNone) {
    return PlanSuperpacket(vnet, packet);
  }
  SplitPlan plan;
  plan.segment_bytes = plan.last_bytes = static_cast<uint32_t>(packet.size());
  return plan;
}

void WriteSegment(const SplitPlan& plan, std::span<const uint8_t> packet, uint32_t index,
                  uint8_t* out) {
  DCHECK(index < plan.segment_count);
  if (!plan.is_gso) {
    std::memcpy(out, packet.data(), packet.size());
    return;
  }
  const size_t bytes = index + 1 == plan.segment_count ? plan.last_bytes : plan.segment_bytes;
  const size_t from = plan.header_bytes + size_t{index} * plan.payload_bytes;
  std::memcpy(out, packet.data(), plan.header_bytes);
  WriteIpFields(plan, index, bytes, out);
  uint8_t* const transport = out + plan.ip_header_bytes;
  const size_t transport_bytes = bytes - plan.ip_header_bytes;
  if (plan.is_tcp) {
    WriteTcpFields(plan, index, transport);
  } else {
    StoreBe16(transport + kUdpLength, static_cast<uint16_t>(transport_bytes));
  }
  // Both headers have an even length, so the payload's words begin where they do.
  const uint64_t sum =
      CopyWithChecksum(packet.subspan(from, bytes - plan.header_bytes), out + plan.header_bytes,
                       plan.common.transport + VaryingSum(transport, plan.is_tcp, transport_bytes));
  auto checksum = static_cast<uint16_t>(~FoldChecksum(sum));
  // In UDP zero means "none", which IPv6 receivers and many others drop (RFC 768).
  if (!plan.is_tcp && checksum == 0) checksum = 0xffff;
  StoreBe16(transport + (plan.is_tcp ? kTcpChecksum : kUdpChecksum), checksum);
}

bool CompleteChecksum(const VnetHeader& vnet, std::span<uint8_t> packet) {
  if ((vnet.flags & VnetHeader::kNeedsChecksum) == 0) return true;
  const auto ip = ParseIpPacket(packet);
  const size_t field = size_t{vnet.checksum_start} + vnet.checksum_offset;
  if (!ip || vnet.checksum_start < ip->header_bytes || field + 2 > packet.size()) return false;
  // The field holds the sum of the pseudo-header, so it is part of what is summed.
  const auto sum =
      static_cast<uint16_t>(~FoldChecksum(ChecksumPartial(packet.subspan(vnet.checksum_start))));
  // Zero means "no checksum" in UDP; for other protocols both spellings are the same number.
  StoreBe16(packet.data() + field, sum == 0 ? 0xffff : sum);
  return true;
}

}  // namespace ringwire
