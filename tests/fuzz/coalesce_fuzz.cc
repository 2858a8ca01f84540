// A batch of opened packets, as a peer may choose and order them: mixed flows, flags, sizes, wrong
// checksums, and raw bytes. What the kernel makes of the merged writes must be the packets that
// went in, each flow's in order; and what may be merged exactly must have been, as a plain merger
// says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/datapath/coalesce.h"
#include "core/datapath/offload.h"
#include "core/wire/ip_packet.h"
#include "tests/support/packet_builder.h"

namespace {

using namespace ringwire;

constexpr size_t kPacketsMax = 150;  // keeps one run short

// ---- From the input to packets -----------------------------------------------------------------

// Each command has eight bytes. All zero, it is the next TCP packet of a flow, which merges.
class Decoder {
 public:
  explicit Decoder(std::span<const uint8_t> input) : input_(input) {}

  std::vector<Bytes> Packets() {
    while (input_.size() >= 8 && packets_.size() < kPacketsMax) {
      const auto command = input_.first<8>();
      input_ = input_.subspan(8);
      if ((command[1] & 0x80) != 0) {
        TakeRaw(command[0]);
        continue;
      }
      for (int copies = 0; copies <= command[0] >> 5; ++copies) Build(command);
    }
    return std::move(packets_);
  }

 private:
  struct Flow {
    uint32_t sequence = 0;
    uint16_t ip_id = 0;
  };

  void TakeRaw(size_t bytes) {
    const auto raw = input_.first(std::min(bytes, input_.size()));
    input_ = input_.subspan(raw.size());
    if (const auto ip = ParseIpPacket(raw)) {
      packets_.emplace_back(raw.begin(), raw.begin() + static_cast<ptrdiff_t>(ip->total_bytes));
    }
  }

  void Build(std::span<const uint8_t, 8> command) {
    const auto bit = [&](size_t byte, int n) { return (command[byte] >> n & 1) != 0; };
    Flow& flow = flows_[command[0] & 7];
    flow.sequence += static_cast<uint32_t>(static_cast<int8_t>(command[6]));
    flow.ip_id = static_cast<uint16_t>(flow.ip_id + command[7]);
    PacketSpec spec{.kind = bit(0, 0) ? PacketKind::kUdp : PacketKind::kTcp};
    if (bit(0, 3) && bit(0, 4)) spec.kind = PacketKind::kIcmpEcho;
    spec.family = bit(0, 1) ? IpFamily::kV6 : IpFamily::kV4;
    spec.source_port = bit(0, 2) ? 7 : 8;
    spec.udp_checksum = !bit(1, 2);
    spec.dont_fragment = !bit(1, 3);
    spec.more_fragments = bit(1, 4);
    if (bit(1, 5)) {
      spec.ip_options = Bytes(4, 1);  // no operation
      spec.extension_headers = {0, 0, 1, 4, 0, 0, 0, 0};
      spec.extension_protocol = 60;
    }
    spec.tcp_flags = TcpFlag::kAck ^ command[2];
    spec.tos = command[3] & 3;
    spec.ttl = bit(3, 2) ? 63 : 64;
    spec.acknowledgement = bit(3, 3) ? 1 : 2;
    spec.window = bit(3, 4) ? 1 : 2;
    spec.flow_label = bit(3, 5) ? 1 : 2;
    if (bit(3, 6)) spec.tcp_options = Bytes(4, 1);
    if (bit(3, 7)) spec.tcp_options = {3, 3, 7, 0};
    const auto size = static_cast<uint16_t>(command[4] + 256 * command[5] + 100);
    spec.payload_bytes = size % (bit(1, 6) ? 20'000u : 1'600u);
    spec.payload_seed = static_cast<uint8_t>(packets_.size());
    spec.sequence = flow.sequence;
    spec.ip_id = flow.ip_id++;
    flow.sequence += static_cast<uint32_t>(spec.payload_bytes);
    Bytes& packet = packets_.emplace_back(BuildPacket(spec));
    if (bit(1, 0)) packet.back() ^= 0x40;
    if (bit(1, 1) && spec.family == IpFamily::kV4) packet[10] ^= 0x40;
  }

  std::span<const uint8_t> input_;
  Flow flows_[8];
  std::vector<Bytes> packets_;
};

// ---- What the merge may and must do, said plainly ----------------------------------------------

// Where the transport header of a TCP or UDP packet begins, if it is one that has a place in a
// flow.
struct Plain {
  bool is_barrier = false;  // a fragment, options: nothing may pass it
  bool has_flow = false;
  bool is_tcp = false;
  size_t transport = 0;
  size_t payload = 0;
};

Plain Read(const Bytes& packet) {
  Plain plain;
  const bool is_v4 = packet[0] >> 4 == 4;
  plain.transport = is_v4 ? 20 : 40;
  const uint8_t protocol = packet[is_v4 ? 9 : 6];
  const bool is_tcp_or_udp = protocol == 6 || protocol == 17;
  plain.is_barrier =
      is_v4 ? is_tcp_or_udp && (packet[0] != 0x45 || (packet[6] & 0x3f) != 0 || packet[7] != 0)
            : IsIpv6ExtensionHeader(protocol);
  plain.is_tcp = protocol == 6;
  if (plain.is_barrier || !is_tcp_or_udp) return plain;
  const size_t room = packet.size() - plain.transport;
  if (room < (plain.is_tcp ? 20u : 8u)) return plain;
  const size_t header = plain.is_tcp ? size_t{packet[plain.transport + 12]} / 16 * 4 : 8;
  if (header < 8 || (plain.is_tcp && header < 20) || header > room) return plain;
  plain.payload = plain.transport + header;
  // Data may pass a pure acknowledgement.
  const bool is_pure_ack = plain.is_tcp && plain.payload == packet.size() &&
                           (packet[plain.transport + 13] & ~TcpFlag::kEce) == TcpFlag::kAck;
  plain.has_flow = !is_pure_ack;
  return plain;
}

// Family, addresses, protocol and ports; empty for what belongs to no flow.
Bytes FlowOf(const Bytes& packet) {
  const Plain plain = Read(packet);
  if (!plain.has_flow) return {};
  const bool is_v4 = plain.transport == 20;
  Bytes flow = {static_cast<uint8_t>(packet[0] >> 4), packet[is_v4 ? 9 : 6]};
  flow.insert(flow.end(), packet.begin() + (is_v4 ? 12 : 8),
              packet.begin() + static_cast<ptrdiff_t>(plain.transport) + 4);
  return flow;
}

// Spelled in one of the ways in which it may have been: what a merge may change without changing
// the packet. Zero has two spellings in a checksum, and the identification of a packet that must
// not be fragmented means nothing.
Bytes Canonical(Bytes packet) {
  const Plain plain = Read(packet);
  if (!plain.has_flow || !PlainIsValid(packet)) return packet;
  const bool has_no_checksum =
      !plain.is_tcp && packet[plain.transport + 6] == 0 && packet[plain.transport + 7] == 0;
  if (has_no_checksum) return packet;
  if (packet[0] >> 4 == 4) {
    if ((packet[6] & 0x40) != 0) packet[4] = packet[5] = 0;
    FixIpv4HeaderChecksum(packet);
  }
  FixTransportChecksum(packet);
  return packet;
}

void Store16(uint8_t* to, size_t value) {
  to[0] = static_cast<uint8_t>(value >> 8);
  to[1] = static_cast<uint8_t>(value);
}

// The superpacket that would stand for `packets`; nullopt: its split would not be these packets.
std::optional<Bytes> PlainMerge(std::span<const Bytes> packets) {
  const Plain first = Read(packets[0]);
  Bytes merged = packets[0];
  uint8_t push = 0;
  for (const Bytes& packet : packets) {
    const Plain plain = Read(packet);
    if (FlowOf(packet).empty() || FlowOf(packet) != FlowOf(packets[0])) return std::nullopt;
    if (!PlainIsValid(packet) || plain.payload == packet.size()) return std::nullopt;
    if (plain.is_tcp) {
      const uint8_t flags = packet[plain.transport + 13];
      if ((flags & ~(TcpFlag::kPsh | TcpFlag::kEce)) != TcpFlag::kAck) return std::nullopt;
      push |= flags & TcpFlag::kPsh;
    }
    if (&packet == packets.data()) continue;
    merged.insert(merged.end(), packet.begin() + static_cast<ptrdiff_t>(plain.payload),
                  packet.end());
  }
  if (merged.size() > 65'535 || packets.size() > 64) return std::nullopt;
  if (first.is_tcp) merged[first.transport + 13] |= push;
  const bool is_v4 = first.transport == 20;
  Store16(&merged[is_v4 ? 2 : 4], merged.size() - (is_v4 ? 0 : 40));
  if (!first.is_tcp) Store16(&merged[first.transport + 4], merged.size() - first.transport);
  const std::vector<Bytes> split = PlainSplit(merged, packets[0].size() - first.payload);
  if (split.size() != packets.size()) return std::nullopt;
  for (size_t i = 0; i < split.size(); ++i) {
    if (Canonical(split[i]) != Canonical(packets[i])) return std::nullopt;
  }
  return merged;
}

// How many packets each write of the batch has: every packet joins the latest item of its flow when
// that stays exact.
std::vector<uint32_t> PlainShape(std::span<const Bytes> packets) {
  struct Item {
    std::vector<Bytes> packets;
    bool is_open = true;
  };
  std::vector<Item> items;
  for (const Bytes& packet : packets) {
    if (Read(packet).is_barrier) {
      for (Item& item : items) item.is_open = false;
    }
    const Bytes flow = FlowOf(packet);
    const auto latest = std::find_if(items.rbegin(), items.rend(), [&](const Item& item) {
      return !flow.empty() && FlowOf(item.packets[0]) == flow;
    });
    if (latest != items.rend() && latest->is_open) {
      latest->packets.push_back(packet);
      if (PlainMerge(latest->packets)) continue;
      latest->packets.pop_back();
    }
    items.push_back({{packet}});
  }
  std::vector<uint32_t> shape;
  for (const Item& item : items) shape.push_back(static_cast<uint32_t>(item.packets.size()));
  return shape;
}

// ---- The merge itself --------------------------------------------------------------------------

struct Result {
  std::vector<uint32_t> shape;
  std::vector<Bytes> packets;     // as the kernel splits them
  std::vector<bool> were_merged;  // of each packet
};

Result Merge(std::span<const Bytes> packets) {
  static Coalescer* const coalescer = new Coalescer(true, true);
  std::vector<Bytes> buffers;
  coalescer->Reset();
  for (const Bytes& packet : packets) {
    Bytes& buffer = buffers.emplace_back(kVnetHeaderBytes);
    buffer.insert(buffer.end(), packet.begin(), packet.end());
    CHECK(coalescer->Add(std::span(buffer).subspan(kVnetHeaderBytes)));
  }
  Result result;
  for (const TunWrite& write : coalescer->Finish()) {
    Bytes frame;
    for (const Piece& piece : coalescer->Pieces(write)) {
      frame.insert(frame.end(), piece.data, piece.data + piece.size);
    }
    CHECK(frame.size() == write.bytes);
    const auto vnet = VnetHeader::Load(std::span(frame).first<kVnetHeaderBytes>());
    const auto packet = std::span<const uint8_t>(frame).subspan(kVnetHeaderBytes);
    const bool is_merged = write.segment_count > 1;
    CHECK(is_merged == (vnet.gso_type != VnetHeader::kGsoNone));
    std::vector<Bytes> split = {Bytes(packet.begin(), packet.end())};
    if (is_merged) split = PlainSplit(packet, vnet.gso_size);
    CHECK(split.size() == write.segment_count && split.size() <= 64 && packet.size() <= 65'535);
    result.shape.push_back(write.segment_count);
    for (Bytes& out : split) {
      result.packets.push_back(std::move(out));
      result.were_merged.push_back(is_merged);
    }
  }
  return result;
}

// The places of a flow's packets, and of those that nothing may pass, in order.
std::vector<size_t> PlacesOf(const Bytes& flow, std::span<const Bytes> packets) {
  std::vector<size_t> places;
  for (size_t i = 0; i < packets.size(); ++i) {
    if (FlowOf(packets[i]) == flow || Read(packets[i]).is_barrier) places.push_back(i);
  }
  return places;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<Bytes> sent = Decoder({data, size}).Packets();
  const Result result = Merge(sent);
  CHECK(result.packets.size() == sent.size());
  std::set<Bytes> flows = {{}};
  for (const Bytes& packet : sent) flows.insert(FlowOf(packet));
  for (const Bytes& flow : flows) {
    const std::vector<size_t> in = PlacesOf(flow, sent), out = PlacesOf(flow, result.packets);
    CHECK(in.size() == out.size());
    for (size_t i = 0; i < in.size(); ++i) {
      const Bytes& before = sent[in[i]];
      const Bytes& after = result.packets[out[i]];
      CHECK(result.were_merged[out[i]] ? Canonical(before) == Canonical(after) : before == after);
    }
  }
  // More flows than the coalescer's table probes for may displace each other.
  if (flows.size() <= 5) CHECK(result.shape == PlainShape(sent));
  return 0;
}
