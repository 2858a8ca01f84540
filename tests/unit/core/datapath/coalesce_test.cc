#include "core/datapath/coalesce.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/coalescer_batch.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

using F = TcpFlag;

// The shape of a batch of two packets of one flow.
Shape ShapeOf(const PacketSpec& a, const PacketSpec& b) {
  CoalescerBatch batch;
  batch.Add(a);
  batch.Add(b);
  return batch.Shape();
}

TEST(CoalescerTest, MergesATcpRunInTheKernelsForm) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    CoalescerBatch batch;
    std::vector<Bytes> packets;
    for (uint16_t i = 0; i < 5; ++i) {
      PacketSpec spec = Tcp(1000u + i * 1400u, i == 4 ? 700 : 1400, family);
      spec.ip_id = static_cast<uint16_t>(7 + i);
      spec.tcp_options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
      if (i == 4) spec.tcp_flags |= F::kPsh;
      packets.push_back(BuildPacket(spec));
      batch.Add(packets.back());
    }
    const auto writes = batch.Write();
    ASSERT_EQ(writes.size(), 1u);
    const Written& written = writes[0];
    EXPECT_EQ(written.segment_count, 5u);
    EXPECT_EQ(written.Packets(), packets);

    const bool is_v4 = family == IpFamily::kV4;
    const VnetHeader& vnet = written.vnet;
    EXPECT_EQ(vnet.flags, VnetHeader::kNeedsChecksum);
    EXPECT_EQ(vnet.gso_type, is_v4 ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoTcpV6);
    EXPECT_EQ(vnet.gso_size, 1400);
    EXPECT_EQ(vnet.checksum_start, is_v4 ? 20 : 40);
    EXPECT_EQ(vnet.checksum_offset, 16);
    EXPECT_EQ(vnet.header_bytes, vnet.checksum_start + 32);
    // The same header, built independently.
    PacketSpec whole = Tcp(1000, 4 * 1400 + 700, family);
    whole.ip_id = 7;
    whole.tcp_options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    whole.tcp_flags |= F::kPsh;
    const Bytes expected = BuildSuperpacket(whole);
    ASSERT_EQ(written.packet.size(), expected.size());
    EXPECT_TRUE(
        std::equal(expected.begin(), expected.begin() + vnet.header_bytes, written.packet.begin()));
  }
}

TEST(CoalescerTest, MergesAUdpRunInTheKernelsForm) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    CoalescerBatch batch;
    std::vector<Bytes> packets;
    for (uint16_t i = 0; i < 4; ++i) {
      packets.push_back(BuildPacket(Udp(i, i == 3 ? 1 : 1200, family)));
      batch.Add(packets.back());
    }
    const auto writes = batch.Write();
    ASSERT_EQ(writes.size(), 1u);
    EXPECT_EQ(writes[0].Packets(), packets);
    const VnetHeader& vnet = writes[0].vnet;
    EXPECT_EQ(vnet.flags, VnetHeader::kNeedsChecksum);
    EXPECT_EQ(vnet.gso_type, VnetHeader::kGsoUdpL4);
    EXPECT_EQ(vnet.gso_size, 1200);
    EXPECT_EQ(vnet.checksum_start, family == IpFamily::kV4 ? 20 : 40);
    EXPECT_EQ(vnet.checksum_offset, 6);
    EXPECT_EQ(vnet.header_bytes, vnet.checksum_start + 8);
    const Bytes expected = BuildSuperpacket(Udp(0, 3601, family));
    ASSERT_EQ(writes[0].packet.size(), expected.size());
    EXPECT_TRUE(std::equal(expected.begin(), expected.begin() + vnet.header_bytes,
                           writes[0].packet.begin()));
  }
}

TEST(CoalescerTest, AMergeOfOneStaysAsItIs) {
  const Bytes packet = BuildPacket(Tcp(1, 100));
  CoalescerBatch batch;
  batch.Add(packet);
  const auto writes = batch.Write();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].packet, packet);
  EXPECT_EQ(writes[0].vnet.flags, 0);
  EXPECT_EQ(writes[0].vnet.gso_type, VnetHeader::kGsoNone);
  EXPECT_EQ(writes[0].vnet.gso_size, 0);
}

TEST(CoalescerTest, AnEmptyBatchWritesNothing) { EXPECT_TRUE(CoalescerBatch().Write().empty()); }

TEST(CoalescerTest, SwitchedOffEveryPacketIsItsOwnWrite) {
  for (const bool is_tcp_on : {false, true}) {
    CoalescerBatch batch(is_tcp_on, !is_tcp_on);
    batch.Add(Tcp(0, 100));
    batch.Add(Tcp(100, 100));
    batch.Add(Udp(0, 100));
    batch.Add(Udp(1, 100));
    EXPECT_EQ(batch.Shape(), is_tcp_on ? (Shape{2, 1, 1}) : (Shape{1, 1, 2}));
  }
}

TEST(CoalescerTest, InterleavedFlowsMergeEachForItself) {
  CoalescerBatch batch;
  for (uint32_t i = 0; i < 10; ++i) {
    for (uint16_t flow = 0; flow < 8; ++flow) {
      PacketSpec tcp = Tcp(i * 100, 100, flow % 2 == 0 ? IpFamily::kV4 : IpFamily::kV6);
      tcp.source_port = static_cast<uint16_t>(1000 + flow);
      batch.Add(tcp);
    }
  }
  EXPECT_EQ(batch.Shape(), Shape(8, 10));
}

TEST(CoalescerTest, FlowsDifferInEveryAddressAndPort) {
  const PacketSpec first = Tcp(0, 100);
  PacketSpec next = Tcp(100, 100);
  EXPECT_EQ(ShapeOf(first, next), (Shape{2}));
  PacketSpec other = next;
  other.source = TestAddress(IpFamily::kV4, 9);
  EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
  other = next;
  other.destination = TestAddress(IpFamily::kV4, 9);
  EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
  other = next;
  other.source_port ^= 1;
  EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
  other = next;
  other.destination_port ^= 1;
  EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
}

TEST(CoalescerTest, DoesNotMergeAcrossAnyDifferenceInTheIpHeader) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const PacketSpec first = Tcp(0, 100, family), next = Tcp(100, 100, family);
    ASSERT_EQ(ShapeOf(first, next), (Shape{2}));
    PacketSpec other = next;
    other.ttl = 63;
    EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
    other = next;
    other.tos = 3;  // congestion experienced
    EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
    other = next;
    other.tos = 0xb8;
    EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
    other = next;
    other.flow_label = 1;
    EXPECT_EQ(ShapeOf(first, other), family == IpFamily::kV6 ? (Shape{1, 1}) : (Shape{2}));
    other = next;
    other.dont_fragment = false;
    other.ip_id = 2;
    EXPECT_EQ(ShapeOf(first, other), family == IpFamily::kV4 ? (Shape{1, 1}) : (Shape{2}));
  }
}

TEST(CoalescerTest, WithoutDontFragmentTheIdentificationMustCountUp) {
  PacketSpec first = Udp(0xffff, 100), next = Udp(0, 100);
  first.dont_fragment = next.dont_fragment = false;
  EXPECT_EQ(ShapeOf(first, next), (Shape{2}));
  next.ip_id = 1;
  EXPECT_EQ(ShapeOf(first, next), (Shape{1, 1}));
  next.ip_id = 0xffff;
  EXPECT_EQ(ShapeOf(first, next), (Shape{1, 1}));
  first.dont_fragment = next.dont_fragment = true;
  EXPECT_EQ(ShapeOf(first, next), (Shape{2}));
}

TEST(CoalescerTest, DoesNotMergeAcrossAnyDifferenceInTheTcpHeader) {
  PacketSpec first = Tcp(0, 100), next = Tcp(100, 100);
  first.tcp_options = next.tcp_options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
  ASSERT_EQ(ShapeOf(first, next), (Shape{2}));
  const auto expect_apart = [&](const PacketSpec& other) {
    EXPECT_EQ(ShapeOf(first, other), (Shape{1, 1}));
  };
  PacketSpec other = next;
  other.sequence = 101;
  expect_apart(other);
  other.sequence = 99;
  expect_apart(other);
  other = next;
  other.acknowledgement += 1;
  expect_apart(other);
  other = next;
  other.window += 1;
  expect_apart(other);
  other = next;
  other.tcp_options.back() ^= 1;  // another timestamp
  expect_apart(other);
  other = next;
  other.tcp_options.resize(8);
  expect_apart(other);
  other = next;
  other.tcp_flags |= F::kEce;
  expect_apart(other);
}

TEST(CoalescerTest, DoesNotMergeAcrossTheBitsBesideTheDataOffsetOrTheUrgentPointer) {
  for (const size_t at : {size_t{32}, size_t{39}}) {
    Bytes next = BuildPacket(Tcp(100, 100));
    next[at] ^= 1;
    FixTransportChecksum(next);
    CoalescerBatch batch;
    batch.Add(Tcp(0, 100));
    batch.Add(next);
    EXPECT_EQ(batch.Shape(), (Shape{1, 1}));
  }
}

TEST(CoalescerTest, MergesWithTheEchoFlagWhenAllCarryIt) {
  PacketSpec first = Tcp(0, 100), next = Tcp(100, 100);
  first.tcp_flags |= F::kEce;
  next.tcp_flags |= F::kEce;
  EXPECT_EQ(ShapeOf(first, next), (Shape{2}));
}

TEST(CoalescerTest, WrapsTheSequenceNumber) {
  EXPECT_EQ(ShapeOf(Tcp(0xffff'ffce, 100), Tcp(50, 100)), (Shape{2}));
}

TEST(CoalescerTest, AShorterPacketEndsTheRun) {
  CoalescerBatch batch;
  batch.Add(Tcp(0, 100));
  batch.Add(Tcp(100, 99));
  batch.Add(Tcp(199, 99));
  batch.Add(Tcp(298, 100));
  batch.Add(Udp(0, 100));
  batch.Add(Udp(1, 99));
  batch.Add(Udp(2, 99));
  EXPECT_EQ(batch.Shape(), (Shape{2, 1, 1, 2, 1}));
}

TEST(CoalescerTest, PushEndsTheRunAndIsKept) {
  CoalescerBatch batch;
  std::vector<Bytes> packets;
  for (uint32_t i = 0; i < 4; ++i) {
    PacketSpec spec = Tcp(i * 100, 100);
    spec.ip_id = static_cast<uint16_t>(i);
    if (i == 1) spec.tcp_flags |= F::kPsh;
    packets.push_back(BuildPacket(spec));
    batch.Add(packets.back());
  }
  const auto writes = batch.Write();
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_EQ(writes[0].packet[33], F::kAck | F::kPsh);
  EXPECT_EQ(writes[1].packet[33], F::kAck);
  EXPECT_EQ(writes[0].Packets(), (std::vector<Bytes>{packets[0], packets[1]}));
}

TEST(CoalescerTest, NothingFollowsAFirstPacketWithPush) {
  PacketSpec first = Tcp(0, 100);
  first.tcp_flags |= F::kPsh;
  EXPECT_EQ(ShapeOf(first, Tcp(100, 100)), (Shape{1, 1}));
}

TEST(CoalescerTest, ControlFlagsPassAloneAndNothingOvertakesThem) {
  for (const uint8_t flags : {F::kSyn, F::kFin, F::kRst, F::kUrg, F::kCwr}) {
    PacketSpec special = Tcp(100, 100);
    special.tcp_flags |= flags;
    CoalescerBatch batch;
    batch.Add(Tcp(0, 100));
    batch.Add(special);
    batch.Add(Tcp(100, 100));  // would continue the first packet
    EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1})) << int{flags};
  }
  PacketSpec no_ack = Tcp(100, 100);
  no_ack.tcp_flags = 0;
  EXPECT_EQ(ShapeOf(Tcp(0, 100), no_ack), (Shape{1, 1}));
}

TEST(CoalescerTest, APureAcknowledgementPassesAloneAndDoesNotEndTheRun) {
  CoalescerBatch batch;
  batch.Add(Tcp(0, 100));
  batch.Add(Tcp(100, 0));
  batch.Add(Tcp(100, 100));
  EXPECT_EQ(batch.Shape(), (Shape{2, 1}));
}

TEST(CoalescerTest, ZeroLengthUdpPassesAloneAndInOrder) {
  CoalescerBatch batch;
  batch.Add(Udp(0, 0));
  batch.Add(Udp(1, 0));
  batch.Add(Udp(2, 100));
  batch.Add(Udp(3, 0));
  batch.Add(Udp(4, 100));
  EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1, 1, 1}));
}

TEST(CoalescerTest, UdpWithoutAChecksumIsNotGivenOne) {
  PacketSpec bare = Udp(1, 100);
  bare.udp_checksum = false;
  CoalescerBatch batch;
  batch.Add(Udp(0, 100));
  batch.Add(bare);
  batch.Add(bare);
  batch.Add(Udp(2, 100));
  EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1, 1}));
}

// The one datagram that would pass for verified: its sum is right with a zero in the field as well.
TEST(CoalescerTest, UdpWithoutAChecksumIsNotGivenOneThoughItsSumIsRight) {
  Bytes bare = BuildPacket(Udp(1, 100));
  uint32_t word = 0;
  do {
    ++word;
    bare[28] = static_cast<uint8_t>(word >> 8);
    bare[29] = static_cast<uint8_t>(word);
    FixTransportChecksum(bare);
  } while (bare[26] != 0xff || bare[27] != 0xff);
  CoalescerBatch with;
  with.Add(Udp(0, 100));
  with.Add(bare);
  EXPECT_EQ(with.Shape(), (Shape{2}));
  bare[26] = bare[27] = 0;
  CoalescerBatch without;
  without.Add(Udp(0, 100));
  without.Add(bare);
  EXPECT_EQ(without.Shape(), (Shape{1, 1}));
}

TEST(CoalescerTest, UdpWhoseLengthIsNotTheIpPayloadsPassesAlone) {
  Bytes odd = BuildPacket(Udp(1, 100));
  odd[25] = 8 + 60;
  FixTransportChecksum(odd);
  CoalescerBatch batch;
  batch.Add(Udp(0, 100));
  batch.Add(odd);
  EXPECT_EQ(batch.Shape(), (Shape{1, 1}));
}

TEST(CoalescerTest, NeverRepairsABadTransportChecksum) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      for (size_t bad = 0; bad < 4; ++bad) {
        CoalescerBatch batch;
        std::vector<Bytes> packets;
        for (size_t i = 0; i < 4; ++i) {
          const auto n = static_cast<uint16_t>(i);
          Bytes packet = BuildPacket(kind == PacketKind::kTcp ? Tcp(n * 100u, 100, family)
                                                              : Udp(n, 100, family));
          if (i == bad) packet.back() ^= 1;
          packets.push_back(packet);
          batch.Add(packet);
        }
        const auto writes = batch.Write();
        const bool is_seen = std::any_of(writes.begin(), writes.end(), [&](const Written& w) {
          return w.segment_count == 1 && w.packet == packets[bad];
        });
        EXPECT_TRUE(is_seen) << bad;
        size_t count = 0;
        for (const Written& written : writes) count += written.segment_count;
        EXPECT_EQ(count, 4u);
      }
    }
  }
}

TEST(CoalescerTest, NeverRepairsABadIpv4HeaderChecksum) {
  for (size_t bad = 0; bad < 2; ++bad) {
    CoalescerBatch batch;
    for (size_t i = 0; i < 2; ++i) {
      Bytes packet = BuildPacket(Tcp(static_cast<uint32_t>(i) * 100, 100));
      if (i == bad) packet[10] ^= 1;
      batch.Add(packet);
    }
    EXPECT_EQ(batch.Shape(), (Shape{1, 1}));
  }
}

TEST(CoalescerTest, Ipv4OptionsPassAloneAndNothingOvertakesThem) {
  PacketSpec with_options = Tcp(100, 100);
  with_options.ip_options = {1, 1, 1, 0};
  CoalescerBatch batch;
  batch.Add(Tcp(0, 100));
  batch.Add(with_options);
  batch.Add(with_options);
  batch.Add(Tcp(100, 100));
  EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1, 1}));
}

TEST(CoalescerTest, FragmentsPassAloneAndNothingOvertakesThem) {
  PacketSpec first = Udp(1, 104), last = Udp(1, 104);
  first.dont_fragment = last.dont_fragment = false;
  first.more_fragments = true;
  last.fragment_offset = 14;
  for (const PacketSpec& fragment : {first, last}) {
    CoalescerBatch batch;
    batch.Add(Udp(0, 104));
    batch.Add(fragment);
    batch.Add(Udp(2, 104));
    EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1}));
  }
}

// Alike in all but what a merge would change, and their lengths fit: only the fragment fields tell.
TEST(CoalescerTest, FragmentsAreNotMergedWithEachOther) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    for (const bool more_fragments : {true, false}) {
      PacketSpec first = kind == PacketKind::kTcp ? Tcp(0, 104) : Udp(1, 104);
      first.ip_id = 1;
      first.dont_fragment = false;
      first.more_fragments = more_fragments;
      first.fragment_offset = more_fragments ? 0 : 14;
      PacketSpec next = first;
      next.sequence += 104;
      next.ip_id = 2;
      EXPECT_EQ(ShapeOf(first, next), (Shape{1, 1})) << more_fragments;
      first.more_fragments = next.more_fragments = false;
      first.fragment_offset = next.fragment_offset = 0;
      EXPECT_EQ(ShapeOf(first, next), (Shape{2})) << "as whole packets they are";
    }
  }
}

// What stands where the ports would be is the middle of a packet of any flow.
TEST(CoalescerTest, NothingOvertakesAFragmentThatSeemsToBelongToAnotherFlow) {
  for (const uint16_t fragment_offset : std::initializer_list<uint16_t>{0, 14}) {
    PacketSpec fragment = Tcp(7, 104);
    fragment.source_port = 1;
    fragment.dont_fragment = false;
    fragment.more_fragments = fragment_offset == 0;
    fragment.fragment_offset = fragment_offset;
    CoalescerBatch batch;
    batch.Add(Tcp(0, 104));
    batch.Add(fragment);
    batch.Add(Tcp(104, 104));
    EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1})) << fragment_offset;
  }
}

TEST(CoalescerTest, Ipv6ExtensionHeadersPassAloneAndNothingOvertakesThem) {
  for (const uint8_t protocol : std::initializer_list<uint8_t>{0, 43, 44, 60}) {
    PacketSpec extended = Tcp(100, 100, IpFamily::kV6);
    extended.extension_headers = Bytes(8);
    extended.extension_protocol = protocol;
    CoalescerBatch batch;
    batch.Add(Tcp(0, 100, IpFamily::kV6));
    batch.Add(extended);
    batch.Add(Tcp(100, 100, IpFamily::kV6));
    EXPECT_EQ(batch.Shape(), (Shape{1, 1, 1})) << int{protocol};
  }
}

TEST(CoalescerTest, OtherProtocolsPassAloneAndDisturbNobody) {
  CoalescerBatch batch;
  batch.Add(Tcp(0, 100));
  batch.Add({.kind = PacketKind::kIcmpEcho, .payload_bytes = 56});
  batch.Add({.kind = PacketKind::kIcmpEcho, .family = IpFamily::kV6, .payload_bytes = 56});
  batch.Add(Tcp(100, 100));
  EXPECT_EQ(batch.Shape(), (Shape{2, 1, 1}));
}

TEST(CoalescerTest, TruncatedTransportHeadersPassAlone) {
  for (const PacketKind kind : {PacketKind::kTcp, PacketKind::kUdp}) {
    for (uint8_t size = 20; size < (kind == PacketKind::kTcp ? 40 : 28); ++size) {
      Bytes packet = BuildPacket({.kind = kind});
      packet.resize(size);
      packet[3] = size;
      FixIpv4HeaderChecksum(packet);
      CoalescerBatch batch;
      batch.Add(packet);
      batch.Add(packet);
      EXPECT_EQ(batch.Shape(), (Shape{1, 1}));
    }
  }
  Bytes overlong = BuildPacket(Tcp(0, 4));
  overlong[32] = 0xf0;
  CoalescerBatch batch;
  batch.Add(overlong);
  EXPECT_EQ(batch.Shape(), (Shape{1}));
}

}  // namespace
}  // namespace ringwire
