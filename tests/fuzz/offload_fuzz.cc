// A frame as read from TUN: ten bytes of virtio-net header, then the packet. What the product
// splits must equal what plain code splits; merged again and split by either, it must be the same
// packets in the same order.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/datapath/coalesce.h"
#include "core/datapath/offload.h"
#include "core/wire/ip_packet.h"
#include "tests/support/packet_builder.h"

namespace {

using ringwire::Bytes;
using ringwire::Coalescer;
using ringwire::kVnetHeaderBytes;
using ringwire::VnetHeader;

std::vector<Bytes> Split(const ringwire::SplitPlan& plan, std::span<const uint8_t> packet) {
  std::vector<Bytes> segments;
  size_t payload_bytes = 0;
  for (uint32_t i = 0; i < plan.segment_count; ++i) {
    const bool is_last = i + 1 == plan.segment_count;
    Bytes out(is_last ? plan.last_bytes : plan.segment_bytes);
    CHECK(out.size() <= plan.segment_bytes && out.size() >= plan.header_bytes);
    ringwire::WriteSegment(plan, packet, i, out.data());
    payload_bytes += out.size() - plan.header_bytes;
    segments.push_back(std::move(out));
  }
  CHECK(payload_bytes == packet.size() - plan.header_bytes);
  return segments;
}

// Merges `packets` as one batch and returns what both splitters make of the writes.
std::vector<Bytes> MergeAndSplit(Coalescer* coalescer, std::span<const Bytes> packets) {
  std::vector<Bytes> buffers;
  buffers.reserve(packets.size());
  coalescer->Reset();
  for (const Bytes& packet : packets) {
    Bytes& buffer = buffers.emplace_back(kVnetHeaderBytes);
    buffer.insert(buffer.end(), packet.begin(), packet.end());
    CHECK(coalescer->Add(std::span(buffer).subspan(kVnetHeaderBytes)));
  }
  std::vector<Bytes> result;
  for (const ringwire::TunWrite& write : coalescer->Finish()) {
    Bytes frame;
    for (const ringwire::Piece& piece : coalescer->Pieces(write)) {
      frame.insert(frame.end(), piece.data, piece.data + piece.size);
    }
    CHECK(frame.size() == write.bytes);
    const auto vnet = VnetHeader::Load(std::span(frame).first<kVnetHeaderBytes>());
    const auto packet = std::span<const uint8_t>(frame).subspan(kVnetHeaderBytes);
    CHECK((write.segment_count > 1) == (vnet.gso_type != VnetHeader::kGsoNone));
    const auto plan = ringwire::PlanSplit(vnet, packet);
    CHECK(plan && plan->segment_count == write.segment_count);
    std::vector<Bytes> split = Split(*plan, packet);
    if (plan->is_gso) CHECK(split == ringwire::PlainSplit(packet, vnet.gso_size));
    for (Bytes& bytes : split) result.push_back(std::move(bytes));
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kVnetHeaderBytes) return 0;
  const std::span<const uint8_t> input(data, size);
  const VnetHeader vnet = VnetHeader::Load(input.first<kVnetHeaderBytes>());
  auto packet = input.subspan(kVnetHeaderBytes);
  if (const auto ip = ringwire::ParseIpPacket(packet)) packet = packet.first(ip->total_bytes);

  Bytes copy(packet.begin(), packet.end());
  if (!ringwire::CompleteChecksum(vnet, copy)) CHECK(Bytes(packet.begin(), packet.end()) == copy);

  const auto plan = ringwire::PlanSplit(vnet, packet);
  if (!plan) return 0;
  const std::vector<Bytes> segments = Split(*plan, packet);
  if (!plan->is_gso) {
    CHECK(segments.size() == 1 && segments[0] == Bytes(packet.begin(), packet.end()));
    if (!ringwire::ParseIpPacket(packet)) return 0;
  } else {
    CHECK(segments == ringwire::PlainSplit(packet, vnet.gso_size));
    for (const Bytes& segment : segments) CHECK(ringwire::PlainIsValid(segment));
  }
  static Coalescer* const coalescer = new Coalescer(true, true);
  for (size_t from = 0; from < segments.size(); from += Coalescer::kPacketsMax) {
    const size_t count = std::min(segments.size() - from, Coalescer::kPacketsMax);
    const auto batch = std::span(segments).subspan(from, count);
    CHECK(MergeAndSplit(coalescer, batch) == std::vector<Bytes>(batch.begin(), batch.end()));
  }
  return 0;
}
