#include "core/datapath/coalesce.h"

#include <cstring>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/datapath/transport_header.h"
#include "core/wire/checksum.h"
#include "core/wire/ip_packet.h"

namespace ringwire {
namespace {

// Spreads flows over the slots. A sender that provokes collisions only loses merges of its own
// packets.
uint32_t FlowHash(const uint8_t* ip, IpFamily family, const uint8_t* ports) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t hash = LoadRaw<uint32_t>(ports);
  const uint8_t* const addresses = ip + (family == IpFamily::kV4 ? 12 : 8);
  const size_t words = family == IpFamily::kV4 ? 1 : 4;
  for (size_t i = 0; i < words; ++i) {
    hash = (hash ^ LoadRaw<uint64_t>(addresses + 8 * i)) * kMultiplier;
    hash ^= hash >> 32;
  }
  return static_cast<uint32_t>(hash);
}

bool IsSame(const uint8_t* a, const uint8_t* b, size_t offset, size_t size) {
  return std::memcmp(a + offset, b + offset, size) == 0;
}

}  // namespace

Coalescer::Coalescer(bool tcp, bool udp)
    : is_tcp_on_(tcp),
      is_udp_on_(udp),
      entries_(new Entry[kPacketsMax]),
      items_(new Item[kPacketsMax]),
      pieces_(new Piece[kPacketsMax]),
      writes_(new TunWrite[kPacketsMax]) {}

void Coalescer::Reset() {
  entry_count_ = 0;
  item_count_ = 0;
  CloseFlows();
}

void Coalescer::CloseFlows() {
  latest_ = kNone;
  if (++epoch_ != 0) return;
  slots_.fill(Slot{});  // once in 2^32 batches, so that no old slot becomes valid again
  epoch_ = 1;
}

bool Coalescer::Add(std::span<uint8_t> packet) {
  if (entry_count_ == kPacketsMax) return false;
  const Segment segment = Classify(packet);
  if (segment.kind == Kind::kAnyFlow) CloseFlows();
  if (segment.kind == Kind::kUnrelated || segment.kind == Kind::kAnyFlow) {
    NewItem(segment);
    return true;
  }
  // Most packets continue the flow of the packet before: check that without a hash.
  Item* item = nullptr;
  uint32_t hash = 0;
  if (latest_ != kNone && IsSameFlow(items_[latest_].first, segment)) {
    item = &items_[latest_];
    hash = slots_[item->slot].hash;
  } else {
    hash = FlowHash(segment.data, segment.family, segment.transport());
    item = FindItem(segment, hash);
  }
  if (segment.kind == Kind::kEndsMerge) {
    if (item != nullptr) item->is_open = false;
    NewItem(segment);
    return true;
  }
  if (item != nullptr && TryAppend(item, segment)) {
    latest_ = static_cast<uint32_t>(item - items_.get());
    return true;
  }
  const uint32_t slot = item != nullptr ? item->slot : ChooseSlot(hash);
  OpenFlow(NewItem(segment), slot, hash);
  return true;
}

Coalescer::Segment Coalescer::Classify(std::span<uint8_t> packet) const {
  Segment segment{packet.data(), static_cast<uint32_t>(packet.size())};
  const uint8_t* const p = packet.data();
  uint8_t protocol = 0;
  segment.family = IpVersionOf(packet);
  if (segment.family == IpFamily::kV4 && packet.size() >= kIpv4HeaderBytesMin) {
    segment.ip_header_bytes = kIpv4HeaderBytesMin;
    protocol = p[9];
    const bool is_plain = p[0] == 0x45 && (LoadBe16(p + 6) & 0x3fff) == 0;
    if (!is_plain) segment.kind = Kind::kAnyFlow;
  } else if (segment.family == IpFamily::kV6 && packet.size() >= kIpv6HeaderBytes) {
    segment.ip_header_bytes = kIpv6HeaderBytes;
    protocol = p[6];
    if (IsIpv6ExtensionHeader(protocol)) {
      segment.kind = Kind::kAnyFlow;
      return segment;
    }
  }
  const bool is_on =
      (protocol == kProtocolTcp && is_tcp_on_) || (protocol == kProtocolUdp && is_udp_on_);
  if (!is_on) {
    segment.kind = Kind::kUnrelated;
    return segment;
  }
  if (segment.kind == Kind::kAnyFlow) return segment;
  segment.is_tcp = protocol == kProtocolTcp;
  segment.kind = segment.is_tcp ? ClassifyTcp(&segment) : ClassifyUdp(&segment);
  return segment;
}

Coalescer::Kind Coalescer::ClassifyTcp(Segment* segment) const {
  const size_t transport_bytes = segment->size - segment->ip_header_bytes;
  if (transport_bytes < kTcpHeaderBytesMin) return Kind::kUnrelated;
  const uint8_t* const tcp = segment->transport();
  const uint32_t tcp_header_bytes = uint32_t{tcp[kTcpDataOffset]} / 16 * 4;
  if (tcp_header_bytes < kTcpHeaderBytesMin || tcp_header_bytes > transport_bytes) {
    return Kind::kUnrelated;
  }
  segment->header_bytes = segment->ip_header_bytes + tcp_header_bytes;
  const uint8_t flags = tcp[kTcpFlags];
  const bool is_empty = segment->payload_bytes() == 0;
  if (is_empty && (flags & ~kTcpEce) == kTcpAck) return Kind::kUnrelated;
  if (is_empty || (flags & ~(kTcpPsh | kTcpEce)) != kTcpAck) return Kind::kEndsMerge;
  return Kind::kMergeable;
}

Coalescer::Kind Coalescer::ClassifyUdp(Segment* segment) const {
  const size_t transport_bytes = segment->size - segment->ip_header_bytes;
  if (transport_bytes < kUdpHeaderBytes) return Kind::kUnrelated;
  segment->header_bytes = segment->ip_header_bytes + kUdpHeaderBytes;
  const uint8_t* const udp = segment->transport();
  // An empty datagram cannot be part of a superpacket, nor one without a checksum: the split would
  // give it one.
  if (segment->payload_bytes() == 0 || LoadBe16(udp + kUdpLength) != transport_bytes ||
      LoadBe16(udp + kUdpChecksum) == 0) {
    return Kind::kEndsMerge;
  }
  return Kind::kMergeable;
}

bool Coalescer::IsSameFlow(const Segment& a, const Segment& b) {
  if (a.family != b.family || a.is_tcp != b.is_tcp) return false;
  if (LoadRaw<uint32_t>(a.transport()) != LoadRaw<uint32_t>(b.transport())) return false;
  if (a.family == IpFamily::kV6) return IsSame(a.data, b.data, 8, 32);
  return LoadRaw<uint64_t>(a.data + 12) == LoadRaw<uint64_t>(b.data + 12);
}

Coalescer::Item* Coalescer::FindItem(const Segment& segment, uint32_t hash) {
  for (size_t i = 0; i < kFlowProbes; ++i) {
    const Slot& slot = slots_[(hash + i) % kFlowSlots];
    if (slot.epoch != epoch_ || slot.hash != hash) continue;
    Item* const item = &items_[slot.item];
    if (IsSameFlow(item->first, segment)) return item;
  }
  return nullptr;
}

uint32_t Coalescer::ChooseSlot(uint32_t hash) const {
  for (size_t i = 0; i < kFlowProbes; ++i) {
    const size_t slot = (hash + i) % kFlowSlots;
    if (slots_[slot].epoch != epoch_) return static_cast<uint32_t>(slot);
  }
  return static_cast<uint32_t>(hash % kFlowSlots);
}

bool Coalescer::TryAppend(Item* item, const Segment& segment) {
  if (!item->is_open || item->count == kTrainSegmentsMax) return false;
  const uint32_t payload = segment.payload_bytes();
  if (segment.header_bytes != item->first.header_bytes || payload > item->first.payload_bytes() ||
      item->total_bytes + payload > kTunPacketBytesMax || !IsSameIpHeader(*item, segment)) {
    return false;
  }
  if (segment.is_tcp && !IsNextTcp(*item, segment)) return false;
  if (!item->is_first_verified) {
    item->common = CommonSumsOf(item->first.data, segment.family, segment.is_tcp,
                                segment.ip_header_bytes, segment.header_bytes);
    if (!IsChecksumRight(item->first, item->common)) return false;
    item->is_first_verified = true;
  }
  if (!IsChecksumRight(segment, item->common)) return false;

  const uint32_t entry = entry_count_++;
  entries_[entry] = {{segment.data + segment.header_bytes, payload}, kNone};
  entries_[item->last_entry].next = entry;
  item->last_entry = entry;
  item->total_bytes += payload;
  ++item->count;
  bool is_last = payload < item->first.payload_bytes();
  if (segment.is_tcp) {
    item->last_tcp_flags = segment.transport()[kTcpFlags];
    is_last = is_last || (item->last_tcp_flags & kTcpPsh) != 0;
  }
  item->is_open = !is_last;
  return true;
}

bool Coalescer::IsSameIpHeader(const Item& item, const Segment& segment) {
  const uint8_t* const a = item.first.data;
  const uint8_t* const b = segment.data;
  if (segment.family == IpFamily::kV6) {
    return IsSame(a, b, 0, 4) && a[7] == b[7];  // version, traffic class, flow label; hop limit
  }
  if (a[1] != b[1] || a[8] != b[8] || !IsSame(a, b, 6, 2)) return false;  // TOS, TTL, flags
  constexpr uint16_t kDontFragment = 0x4000;
  if ((LoadBe16(a + 6) & kDontFragment) != 0) return true;
  // The identification must survive: the split counts up from that of the first packet.
  return LoadBe16(b + 4) == static_cast<uint16_t>(LoadBe16(a + 4) + item.count);
}

bool Coalescer::IsNextTcp(const Item& item, const Segment& segment) {
  const uint8_t* const a = item.first.transport();
  const uint8_t* const b = segment.transport();
  // All segments but the last have the length of the first: otherwise the item would be closed.
  const uint32_t next = LoadBe32(a + kTcpSequence) + item.count * item.first.payload_bytes();
  if (LoadBe32(b + kTcpSequence) != next) return false;
  if (((a[kTcpFlags] ^ b[kTcpFlags]) & ~kTcpPsh) != 0) return false;
  const size_t options_bytes = segment.header_bytes - segment.ip_header_bytes - kTcpHeaderBytesMin;
  return IsSame(a, b, kTcpAcknowledgement, 5) &&  // with the data offset and the bits beside it
         IsSame(a, b, kTcpWindow, 2) && IsSame(a, b, kTcpUrgent, 2) &&
         IsSame(a, b, kTcpHeaderBytesMin, options_bytes);
}

// `common` is that of the item, in whose headers only what it leaves out may differ.
bool Coalescer::IsChecksumRight(const Segment& segment, const CommonSums& common) {
  const uint8_t* const ip = segment.data;
  if (segment.family == IpFamily::kV4 &&
      FoldChecksum(common.ip + LoadBe16(ip + 2) + LoadBe16(ip + 4) + LoadBe16(ip + 10)) != 0xffff) {
    return false;
  }
  const uint8_t* const transport = segment.transport();
  const uint64_t header =
      common.transport + LoadBe16(transport + (segment.is_tcp ? kTcpChecksum : kUdpChecksum)) +
      VaryingSum(transport, segment.is_tcp, segment.size - segment.ip_header_bytes);
  const std::span<const uint8_t> payload(ip + segment.header_bytes, segment.payload_bytes());
  return FoldChecksum(ChecksumPartial(payload, header)) == 0xffff;
}

uint32_t Coalescer::NewItem(const Segment& segment) {
  const uint32_t entry = entry_count_++;
  entries_[entry] = {{segment.data, segment.size}, kNone};
  Item item;
  item.first = segment;
  item.first_entry = item.last_entry = entry;
  item.total_bytes = segment.size;
  items_[item_count_] = item;
  return item_count_++;
}

void Coalescer::OpenFlow(uint32_t item_index, uint32_t slot, uint32_t hash) {
  Item& item = items_[item_index];
  item.slot = slot;
  item.last_tcp_flags = item.first.is_tcp ? item.first.transport()[kTcpFlags] : uint8_t{0};
  item.is_open = (item.last_tcp_flags & kTcpPsh) == 0;
  slots_[slot] = {epoch_, hash, item_index};
  latest_ = item_index;
}

std::span<const TunWrite> Coalescer::Finish() {
  uint32_t piece = 0;
  for (uint32_t i = 0; i < item_count_; ++i) {
    const Item& item = items_[i];
    WriteHeaders(item);
    writes_[i] = {piece, item.count, item.count,
                  static_cast<uint32_t>(kVnetHeaderBytes) + item.total_bytes};
    for (uint32_t entry = item.first_entry; entry != kNone; entry = entries_[entry].next) {
      pieces_[piece++] = entries_[entry].piece;
    }
    Piece& first = pieces_[writes_[i].first_piece];
    first.data -= kVnetHeaderBytes;
    first.size += kVnetHeaderBytes;
  }
  DCHECK(piece == entry_count_);
  return {writes_.get(), item_count_};
}

void Coalescer::WriteHeaders(const Item& item) {
  VnetHeader vnet;
  const Segment& first = item.first;
  if (item.count > 1) {
    const size_t transport_bytes = item.total_bytes - first.ip_header_bytes;
    uint8_t* const transport = first.transport();
    StoreIpLength(first.data, first.family, item.total_bytes);
    if (first.is_tcp) {
      transport[kTcpFlags] |= item.last_tcp_flags & kTcpPsh;
      vnet.gso_type = first.family == IpFamily::kV4 ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoTcpV6;
      vnet.checksum_offset = kTcpChecksum;
    } else {
      StoreBe16(transport + kUdpLength, static_cast<uint16_t>(transport_bytes));
      vnet.gso_type = VnetHeader::kGsoUdpL4;
      vnet.checksum_offset = kUdpChecksum;
    }
    vnet.flags = VnetHeader::kNeedsChecksum;
    vnet.header_bytes = static_cast<uint16_t>(first.header_bytes);
    vnet.gso_size = static_cast<uint16_t>(first.payload_bytes());
    vnet.checksum_start = static_cast<uint16_t>(first.ip_header_bytes);
    const uint8_t protocol = first.is_tcp ? kProtocolTcp : kProtocolUdp;
    // Not inverted: the kernel completes it per segment.
    StoreBe16(transport + vnet.checksum_offset,
              FoldChecksum(PseudoHeaderSumOf(first.data, first.family, protocol, transport_bytes)));
  }
  vnet.Store(std::span<uint8_t, kVnetHeaderBytes>(first.data - kVnetHeaderBytes, kVnetHeaderBytes));
}

}  // namespace ringwire
