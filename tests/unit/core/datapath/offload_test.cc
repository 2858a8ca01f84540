#include "core/datapath/offload.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

constexpr uint8_t kEcn = VnetHeader::kGsoEcn;

// The virtio-net header that the kernel would put in front of `spec` as a superpacket.
VnetHeader VnetOf(const PacketSpec& spec, uint16_t gso_size) {
  const bool is_tcp = spec.kind == PacketKind::kTcp;
  const bool is_v4 = spec.family == IpFamily::kV4;
  VnetHeader vnet;
  vnet.flags = VnetHeader::kNeedsChecksum;
  vnet.gso_type = VnetHeader::kGsoUdpL4;
  if (is_tcp) vnet.gso_type = is_v4 ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoTcpV6;
  const size_t ip_header_bytes =
      is_v4 ? 20 + spec.ip_options.size() : 40 + spec.extension_headers.size();
  vnet.checksum_start = static_cast<uint16_t>(ip_header_bytes);
  vnet.checksum_offset = is_tcp ? 16 : 6;
  const size_t transport_bytes = is_tcp ? 20 + spec.tcp_options.size() : 8;
  vnet.header_bytes = static_cast<uint16_t>(ip_header_bytes + transport_bytes);
  vnet.gso_size = gso_size;
  return vnet;
}

std::vector<Bytes> SplitAll(const SplitPlan& plan, const Bytes& packet) {
  std::vector<Bytes> segments;
  for (uint32_t i = 0; i < plan.segment_count; ++i) {
    Bytes out(i + 1 == plan.segment_count ? plan.last_bytes : plan.segment_bytes);
    WriteSegment(plan, packet, i, out.data());
    segments.push_back(std::move(out));
  }
  return segments;
}

// Splits and compares with the plain splitter; every segment must be valid as well.
std::vector<Bytes> SplitChecked(const PacketSpec& spec, uint16_t gso_size) {
  const Bytes packet = BuildSuperpacket(spec);
  const auto plan = PlanSplit(VnetOf(spec, gso_size), packet);
  EXPECT_TRUE(plan);
  if (!plan) return {};
  const std::vector<Bytes> segments = SplitAll(*plan, packet);
  EXPECT_EQ(segments, PlainSplit(packet, gso_size));
  for (const Bytes& segment : segments) EXPECT_TRUE(PlainIsValid(segment));
  return segments;
}

TEST(VnetHeaderTest, RoundTripsInTheKernelsLayout) {
  const std::array<uint8_t, kVnetHeaderBytes> bytes = {1, 0x81, 0x36, 0, 0xa8, 5, 20, 0, 0x10, 0};
  const VnetHeader vnet = VnetHeader::Load(bytes);
  EXPECT_EQ(vnet.flags, VnetHeader::kNeedsChecksum);
  EXPECT_EQ(vnet.gso_type, VnetHeader::kGsoTcpV4 | kEcn);
  EXPECT_EQ(vnet.header_bytes, 54);
  EXPECT_EQ(vnet.gso_size, 1448);
  EXPECT_EQ(vnet.checksum_start, 20);
  EXPECT_EQ(vnet.checksum_offset, 16);
  std::array<uint8_t, kVnetHeaderBytes> stored{};
  vnet.Store(stored);
  EXPECT_EQ(stored, bytes);
}

TEST(OffloadTest, LeavesAPlainPacketAsItIs) {
  const Bytes packet = BuildPacket({.payload_bytes = 333});
  const auto plan = PlanSplit(VnetHeader{}, packet);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->is_gso);
  EXPECT_EQ(plan->segment_count, 1u);
  EXPECT_EQ(plan->segment_bytes, packet.size());
  EXPECT_EQ(SplitAll(*plan, packet), std::vector<Bytes>{packet});
}

TEST(OffloadTest, RejectsAnEmptyPacket) { EXPECT_FALSE(PlanSplit(VnetHeader{}, {})); }

TEST(OffloadTest, SplitsEveryKindAndFamily) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      for (const size_t payload : {1u, 999u, 1000u, 1001u, 2000u, 12345u, 65000u}) {
        SCOPED_TRACE(payload);
        const auto segments =
            SplitChecked({.kind = kind, .family = family, .payload_bytes = payload}, 1000);
        EXPECT_EQ(segments.size(), (payload + 999) / 1000);
      }
    }
  }
}

TEST(OffloadTest, DescribesItsSegments) {
  const PacketSpec spec{
      .kind = PacketKind::kTcp, .tcp_options = Bytes(12, 1), .payload_bytes = 2500};
  const auto plan = PlanSplit(VnetOf(spec, 1000), BuildSuperpacket(spec));
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->is_gso);
  EXPECT_TRUE(plan->is_tcp);
  EXPECT_EQ(plan->family, IpFamily::kV4);
  EXPECT_EQ(plan->ip_header_bytes, 20u);
  EXPECT_EQ(plan->header_bytes, 52u);
  EXPECT_EQ(plan->payload_bytes, 1000u);
  EXPECT_EQ(plan->segment_count, 3u);
  EXPECT_EQ(plan->segment_bytes, 1052u);
  EXPECT_EQ(plan->last_bytes, 552u);
}

TEST(OffloadTest, SendsFinAndPushOnTheLastAndCongestionWindowReducedOnTheFirst) {
  using F = TcpFlag;
  const auto segments = SplitChecked({.kind = PacketKind::kTcp,
                                      .tcp_flags = F::kAck | F::kFin | F::kPsh | F::kCwr | F::kEce,
                                      .payload_bytes = 300},
                                     100);
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0][33], F::kAck | F::kEce | F::kCwr);
  EXPECT_EQ(segments[1][33], F::kAck | F::kEce);
  EXPECT_EQ(segments[2][33], F::kAck | F::kEce | F::kFin | F::kPsh);
}

TEST(OffloadTest, ASingleSegmentKeepsAllItsFlags) {
  using F = TcpFlag;
  const uint8_t flags = F::kAck | F::kFin | F::kPsh | F::kCwr;
  const auto segments =
      SplitChecked({.kind = PacketKind::kTcp, .tcp_flags = flags, .payload_bytes = 100}, 100);
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0][33], flags);
}

TEST(OffloadTest, WrapsSequenceAndIdentification) {
  SplitChecked(
      {.kind = PacketKind::kTcp, .ip_id = 0xfffe, .sequence = 0xffff'ff00, .payload_bytes = 1000},
      100);
}

TEST(OffloadTest, CopiesIpv4AndTcpOptionsToEverySegment) {
  SplitChecked({.kind = PacketKind::kTcp,
                .ip_options = {0x94, 4, 0, 0},
                .tcp_options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
                .payload_bytes = 1000},
               300);
}

TEST(OffloadTest, CopiesIpv6ExtensionHeadersToEverySegment) {
  SplitChecked({.kind = PacketKind::kTcp,
                .family = IpFamily::kV6,
                .extension_headers = {0, 0, 1, 4, 0, 0, 0, 0},
                .extension_protocol = 60,
                .payload_bytes = 1000},
               300);
}

// Looks for a payload whose UDP checksum computes to zero, which means "none" on the wire.
TEST(OffloadTest, SendsAZeroUdpChecksumAsAllOnes) {
  PacketSpec spec{.payload_bytes = 8};
  Bytes packet = BuildSuperpacket(spec);
  const auto plan = PlanSplit(VnetOf(spec, 4), packet);
  ASSERT_TRUE(plan);
  bool is_found = false;
  for (uint32_t word = 0; word < 0x10000; ++word) {
    packet[28] = static_cast<uint8_t>(word >> 8);
    packet[29] = static_cast<uint8_t>(word);
    const Bytes first = SplitAll(*plan, packet).front();
    ASSERT_FALSE(first[26] == 0 && first[27] == 0);
    ASSERT_TRUE(PlainIsValid(first));
    is_found = is_found || (first[26] == 0xff && first[27] == 0xff);
  }
  EXPECT_TRUE(is_found);
}

TEST(OffloadTest, AZeroLengthUdpSuperpacketIsOnePacket) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    const auto segments = SplitChecked({.kind = kind, .payload_bytes = 0}, 1000);
    EXPECT_EQ(segments.size(), 1u);
  }
}

TEST(OffloadTest, AGsoSizeBelowTheHeadersCorruptsNothing) {
  for (const uint16_t gso_size : std::initializer_list<uint16_t>{1, 7, 8, 39}) {
    SplitChecked({.kind = PacketKind::kTcp, .payload_bytes = 200}, gso_size);
    SplitChecked({.kind = PacketKind::kUdp, .family = IpFamily::kV6, .payload_bytes = 200},
                 gso_size);
  }
}

TEST(OffloadTest, MoreSegmentsThanATrainHoldsAreNotDropped) {
  const auto segments = SplitChecked({.kind = PacketKind::kTcp, .payload_bytes = 65000}, 48);
  EXPECT_EQ(segments.size(), 1355u);
}

TEST(OffloadTest, MasksTheEcnBitBeforeComparingTypes) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  VnetHeader vnet = VnetOf(spec, 100);
  vnet.gso_type |= kEcn;
  const auto plan = PlanSplit(vnet, BuildSuperpacket(spec));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->segment_count, 3u);

  const auto none = PlanSplit(VnetHeader{.gso_type = kEcn}, BuildPacket(spec));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->is_gso);
}

TEST(OffloadTest, RejectsUnknownTypes) {
  const PacketSpec spec{.kind = PacketKind::kUdp, .payload_bytes = 300};
  VnetHeader vnet = VnetOf(spec, 100);
  const Bytes packet = BuildSuperpacket(spec);
  for (unsigned type = 0; type < 256; ++type) {
    vnet.gso_type = static_cast<uint8_t>(type);
    const bool is_known = type == VnetHeader::kGsoUdpL4 || (type | kEcn) == kEcn;
    EXPECT_EQ(PlanSplit(vnet, packet).has_value(), is_known) << type;
  }
}

TEST(OffloadTest, RejectsATypeOfAnotherProtocolOrFamily) {
  const PacketSpec tcp4{.kind = PacketKind::kTcp, .payload_bytes = 300};
  PacketSpec tcp6 = tcp4;
  tcp6.family = IpFamily::kV6;
  const PacketSpec udp4{.kind = PacketKind::kUdp, .payload_bytes = 300};
  const VnetHeader vnet4 = VnetOf(tcp4, 100), vnet6 = VnetOf(tcp6, 100);
  EXPECT_FALSE(PlanSplit(vnet6, BuildSuperpacket(tcp4)));
  EXPECT_FALSE(PlanSplit(vnet4, BuildSuperpacket(tcp6)));
  EXPECT_FALSE(PlanSplit(vnet4, BuildSuperpacket(udp4)));
  EXPECT_FALSE(PlanSplit(VnetOf(udp4, 100), BuildSuperpacket(tcp4)));
}

TEST(OffloadTest, RejectsAGsoSizeOfZeroOrReserved) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  EXPECT_FALSE(PlanSplit(VnetOf(spec, 0), BuildSuperpacket(spec)));
  EXPECT_FALSE(PlanSplit(VnetOf(spec, 0xffff), BuildSuperpacket(spec)));
}

TEST(OffloadTest, RejectsChecksumOffsetsThatAreNotTheTransports) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  const Bytes packet = BuildSuperpacket(spec);
  VnetHeader start = VnetOf(spec, 100);
  start.checksum_start = 24;
  EXPECT_FALSE(PlanSplit(start, packet));
  VnetHeader offset = VnetOf(spec, 100);
  offset.checksum_offset = 6;
  EXPECT_FALSE(PlanSplit(offset, packet));
}

// Packets that another device has verified carry no partial checksum, and still come as
// superpackets.
TEST(OffloadTest, SplitsASuperpacketWithoutAPartialChecksum) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  VnetHeader vnet = VnetOf(spec, 100);
  vnet.flags = 0;
  vnet.checksum_start = vnet.checksum_offset = 0;
  const Bytes packet = BuildPacket(spec);
  const auto plan = PlanSplit(vnet, packet);
  ASSERT_TRUE(plan);
  EXPECT_EQ(SplitAll(*plan, packet), PlainSplit(packet, 100));
}

TEST(OffloadTest, DoesNotTrustTheHeaderLengthHint) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  const Bytes packet = BuildSuperpacket(spec);
  for (const uint16_t hint : std::initializer_list<uint16_t>{0, 20, 140, 65535}) {
    VnetHeader vnet = VnetOf(spec, 100);
    vnet.header_bytes = hint;
    const auto plan = PlanSplit(vnet, packet);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->header_bytes, 40u);
  }
}

TEST(OffloadTest, RejectsHeadersThatDoNotFit) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    const PacketSpec spec{.kind = kind, .tcp_options = Bytes(8, 1), .payload_bytes = 0};
    const Bytes whole = BuildSuperpacket(spec);
    ASSERT_TRUE(PlanSplit(VnetOf(spec, 100), whole));
    for (size_t size = 1; size < whole.size(); ++size) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      if (size >= 20) cut[3] = static_cast<uint8_t>(size);  // the IP header agrees with the cut
      EXPECT_FALSE(PlanSplit(VnetOf(spec, 100), cut)) << size;
    }
  }
  PacketSpec tcp{.kind = PacketKind::kTcp, .payload_bytes = 300};
  Bytes packet = BuildSuperpacket(tcp);
  packet[32] = 0x40;  // a data offset of 16 bytes
  EXPECT_FALSE(PlanSplit(VnetOf(tcp, 100), packet));
}

TEST(OffloadTest, RejectsBytesBehindTheSuperpacket) {
  const PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 300};
  Bytes packet = BuildSuperpacket(spec);
  packet.push_back(0);
  EXPECT_FALSE(PlanSplit(VnetOf(spec, 100), packet));
}

TEST(OffloadTest, RejectsFragmentsAndUnusedRoutes) {
  const PacketSpec v4{.kind = PacketKind::kTcp, .more_fragments = true, .payload_bytes = 304};
  EXPECT_FALSE(PlanSplit(VnetOf(v4, 100), BuildSuperpacket(v4)));
  PacketSpec v6{.kind = PacketKind::kTcp,
                .family = IpFamily::kV6,
                .extension_headers = {0, 0, 0, 1, 0, 0, 0, 1},
                .extension_protocol = 44,
                .payload_bytes = 304};
  EXPECT_FALSE(PlanSplit(VnetOf(v6, 100), BuildSuperpacket(v6)));
  v6.extension_protocol = 43;
  EXPECT_FALSE(PlanSplit(VnetOf(v6, 100), BuildSuperpacket(v6)));
}

// Rule 23.
TEST(CompleteChecksumTest, CompletesEveryKindAndFamily) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      for (const size_t payload : {0u, 1u, 2u, 101u, 1400u}) {
        const PacketSpec spec{.kind = kind, .family = family, .payload_bytes = payload};
        Bytes packet = BuildSuperpacket(spec);
        ASSERT_TRUE(CompleteChecksum(VnetOf(spec, 0), packet));
        EXPECT_EQ(packet, BuildPacket(spec));
      }
    }
  }
}

TEST(CompleteChecksumTest, NeverLeavesAZeroInUdp) {
  PacketSpec spec{.payload_bytes = 2};
  bool is_found = false;
  for (uint32_t word = 0; word < 0x10000; ++word) {
    Bytes packet = BuildSuperpacket(spec);
    packet[28] = static_cast<uint8_t>(word >> 8);
    packet[29] = static_cast<uint8_t>(word);
    ASSERT_TRUE(CompleteChecksum(VnetOf(spec, 0), packet));
    ASSERT_FALSE(packet[26] == 0 && packet[27] == 0);
    ASSERT_TRUE(PlainIsValid(packet));
    is_found = is_found || (packet[26] == 0xff && packet[27] == 0xff);
  }
  EXPECT_TRUE(is_found);
}

TEST(CompleteChecksumTest, RefusesOffsetsOutsideThePacketOrInsideTheIpHeader) {
  const PacketSpec spec{.payload_bytes = 2};
  const Bytes before = BuildSuperpacket(spec);  // 30 bytes
  const auto complete = [&](uint16_t start, uint16_t offset) {
    Bytes packet = before;
    VnetHeader vnet{.flags = VnetHeader::kNeedsChecksum};
    vnet.checksum_start = start;
    vnet.checksum_offset = offset;
    const bool is_done = CompleteChecksum(vnet, packet);
    EXPECT_TRUE(is_done || packet == before);
    return is_done;
  };
  EXPECT_TRUE(complete(20, 8));
  EXPECT_FALSE(complete(20, 9));
  EXPECT_FALSE(complete(20, 0xffff));
  EXPECT_FALSE(complete(0xffff, 0xffff));
  EXPECT_FALSE(complete(30, 0));
  EXPECT_FALSE(complete(19, 6));
  EXPECT_FALSE(complete(0, 0));
}

TEST(CompleteChecksumTest, LeavesACompletePacketAlone) {
  const Bytes before = BuildPacket({.payload_bytes = 20});
  Bytes packet = before;
  EXPECT_TRUE(CompleteChecksum(VnetHeader{}, packet));
  EXPECT_EQ(packet, before);
}

TEST(CompleteChecksumTest, RefusesPacketsThatAreNotIp) {
  Bytes packet(60);
  VnetHeader vnet{.flags = VnetHeader::kNeedsChecksum};
  vnet.checksum_start = 20;
  vnet.checksum_offset = 6;
  EXPECT_FALSE(CompleteChecksum(vnet, packet));
}

}  // namespace
}  // namespace ringwire
