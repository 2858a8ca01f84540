#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/datapath/coalesce.h"
#include "gtest/gtest.h"
#include "tests/support/coalescer_batch.h"
#include "tests/support/packet_builder.h"

// The coalescer at its limits and under random traffic; what it merges at all is in
// coalesce_test.cc.
namespace ringwire {
namespace {

TEST(CoalescerLimitsTest, TakesAtMostATrainOfSegments) {
  CoalescerBatch batch;
  for (uint32_t i = 0; i < 2 * kTrainSegmentsMax + 1; ++i) batch.Add(Tcp(i * 10, 10));
  EXPECT_EQ(batch.Shape(), (Shape{kTrainSegmentsMax, kTrainSegmentsMax, 1}));
}

// UDP_MAX_SEGMENTS of the kernels before 6.9.
TEST(CoalescerLimitsTest, AMergeOfUdpStopsAt64Segments) {
  static_assert(kTrainSegmentsMax == 64);
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    CoalescerBatch batch;
    for (uint16_t i = 0; i < 2 * 64 + 1; ++i) batch.Add(Udp(i, 10, family));
    EXPECT_EQ(batch.Shape(), (Shape{64, 64, 1}));
  }
}

TEST(CoalescerLimitsTest, StaysWithinTheLargestIpPacket) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const uint32_t header_bytes = family == IpFamily::kV4 ? 28 : 48;
    // Exactly at the limit, then one byte above it.
    for (const uint32_t excess : {0u, 1u}) {
      const uint32_t payload = 13110;  // the last packet is shorter
      CoalescerBatch batch;
      for (uint16_t i = 0; i < 4; ++i) batch.Add(Udp(i, payload, family));
      batch.Add(Udp(4, 65535 - header_bytes - 4 * payload + excess, family));
      EXPECT_EQ(batch.Shape(), excess == 0 ? (Shape{5}) : (Shape{4, 1}));
    }
  }
}

TEST(CoalescerLimitsTest, RefusesAPacketBeyondItsCapacityAndWorksOnAfterReset) {
  Coalescer coalescer(true, true);
  const Bytes packet = BuildPacket(Tcp(0, 10));
  Bytes buffer(kVnetHeaderBytes);
  buffer.insert(buffer.end(), packet.begin(), packet.end());
  const auto borrowed = std::span(buffer).subspan(kVnetHeaderBytes);
  for (size_t i = 0; i < Coalescer::kPacketsMax; ++i) ASSERT_TRUE(coalescer.Add(borrowed));
  EXPECT_FALSE(coalescer.Add(borrowed));
  EXPECT_EQ(coalescer.Finish().size(), Coalescer::kPacketsMax);
  coalescer.Reset();
  EXPECT_TRUE(coalescer.Add(borrowed));
  EXPECT_EQ(coalescer.Finish().size(), 1u);
}

// Or a datagram would overtake those between.
TEST(CoalescerLimitsTest, AUdpPacketIsAppendedToItsFlowsLatestItemOnly) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    CoalescerBatch batch;
    std::vector<Bytes> sent;
    const auto add = [&](uint16_t number, size_t payload_bytes) {
      sent.push_back(BuildPacket(Udp(number, payload_bytes, family)));
      batch.Add(sent.back());
    };
    add(1, 100);
    add(2, 100);  // the first item: it would take more of 100
    add(3, 200);
    add(4, 100);  // fits both: the latest takes it, and ends with it
    add(5, 100);  // fits the first only
    const std::vector<Written> writes = batch.Write();
    ASSERT_EQ(writes.size(), 3);
    std::vector<Bytes> received;
    for (const Written& written : writes) {
      for (Bytes& packet : written.Packets()) received.push_back(std::move(packet));
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(writes[0].segment_count, 2);
    EXPECT_EQ(writes[1].segment_count, 2);
  }
}

TEST(CoalescerLimitsTest, DoesNotMergeAcrossBatches) {
  CoalescerBatch batch;
  batch.Add(Tcp(0, 100));
  EXPECT_EQ(batch.Shape(), (Shape{1}));
  batch.Add(Tcp(100, 100));
  EXPECT_EQ(batch.Shape(), (Shape{1}));
}

TEST(CoalescerLimitsTest, MoreFlowsThanSlotsLoseMergesButNoPacketAndNoOrder) {
  CoalescerBatch batch;
  constexpr uint16_t kFlows = 700;
  for (uint32_t i = 0; i < 5; ++i) {
    for (uint16_t flow = 0; flow < kFlows; ++flow) {
      PacketSpec spec = Tcp(i * 10, 10);
      spec.source_port = flow;
      batch.Add(spec);
    }
  }
  std::vector<uint32_t> next(kFlows, 0);
  for (const Written& written : batch.Write()) {
    for (const Bytes& packet : written.Packets()) {
      const size_t flow = size_t{packet[20]} << 8 | packet[21];
      const uint32_t sequence = uint32_t{packet[26]} << 8 | packet[27];
      EXPECT_EQ(sequence, next[flow]);
      next[flow] += 10;
    }
  }
  EXPECT_EQ(next, std::vector<uint32_t>(kFlows, 50));
}

// Random traffic of a few flows: what the kernel makes of the writes is what came in, flow by flow
// in order.
class CoalescerRandomTest : public testing::TestWithParam<uint32_t> {};

TEST_P(CoalescerRandomTest, KeepsEveryPacketAndTheOrderOfEveryFlow) {
  std::minstd_rand random(GetParam());
  const auto one_in = [&](uint32_t n) { return random() % n == 0; };
  constexpr size_t kFlows = 6;
  std::vector<std::vector<Bytes>> sent(kFlows), received(kFlows);
  std::vector<uint32_t> sequence(kFlows, 0);
  std::vector<uint16_t> id(kFlows, 0);
  CoalescerBatch batch;
  for (int i = 0; i < 1500; ++i) {
    const size_t flow = one_in(3) ? random() % kFlows : 1;
    PacketSpec spec{.kind = flow % 2 == 0 ? PacketKind::kUdp : PacketKind::kTcp};
    spec.family = flow < 3 ? IpFamily::kV4 : IpFamily::kV6;
    spec.source_port = static_cast<uint16_t>(flow);
    spec.sequence = sequence[flow];
    spec.ip_id = one_in(20) ? id[flow] : id[flow]++;
    spec.dont_fragment = false;
    spec.payload_bytes = one_in(8) ? random() % 300 : 300;
    if (spec.kind == PacketKind::kTcp && spec.payload_bytes == 0) spec.payload_bytes = 1;
    spec.payload_seed = static_cast<uint8_t>(random());
    spec.tos = one_in(30) ? 3 : 2;
    if (one_in(20)) spec.tcp_flags |= TcpFlag::kPsh;
    if (one_in(30)) spec.tcp_flags |= TcpFlag::kFin;
    if (one_in(30)) spec.acknowledgement += 1;
    if (one_in(30) && flow < 3) spec.udp_checksum = false;
    sequence[flow] += static_cast<uint32_t>(spec.payload_bytes);
    Bytes packet = BuildPacket(spec);
    if (one_in(30)) packet.back() ^= 0x40;
    sent[flow].push_back(packet);
    batch.Add(packet);
  }
  const auto writes = batch.Write();
  for (const Written& written : writes) {
    for (Bytes& packet : written.Packets()) {
      const size_t flow = packet[packet[0] >> 4 == 4 ? 21 : 41];
      received[flow].push_back(std::move(packet));
    }
  }
  EXPECT_EQ(sent, received);
  EXPECT_LT(writes.size(), 1200u);  // it did merge
}

INSTANTIATE_TEST_SUITE_P(Seeds, CoalescerRandomTest, testing::Range(1u, 21u));

TEST(CoalescerStopMergingTest, EveryPacketIsWrittenByItselfFromThenOn) {
  Coalescer coalescer(true, true);
  coalescer.StopMerging();
  coalescer.Reset();
  std::vector<Bytes> buffers;
  for (uint32_t i = 0; i < 3; ++i) {
    const Bytes packet =
        BuildPacket({.kind = PacketKind::kTcp, .sequence = 1000 + i * 100, .payload_bytes = 100});
    Bytes& buffer = buffers.emplace_back(64);
    buffer.insert(buffer.end(), packet.begin(), packet.end());
    ASSERT_TRUE(coalescer.Add(std::span(buffer).subspan(64)));
  }
  EXPECT_EQ(coalescer.Finish().size(), 3);
}

}  // namespace
}  // namespace ringwire
