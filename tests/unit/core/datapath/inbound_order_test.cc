#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/endian.h"
#include "core/base/limits.h"
#include "core/datapath/inbound.h"
#include "tests/support/star.h"

// The order in which one batch's packets reach the merge: per key that of their counters.
namespace ringwire {
namespace {

class InboundOrderTest : public ::testing::Test {
 protected:
  // Packet `i` of a TCP flow of the spoke.
  static Bytes TcpPacket(size_t spoke, uint32_t i) {
    return BuildPacket({.kind = PacketKind::kTcp,
                        .source = Star::SpokeInside(spoke),
                        .destination = Star::HubInside(),
                        .ip_id = static_cast<uint16_t>(1 + i),
                        .sequence = 1000 + i * 100,
                        .payload_bytes = 100,
                        .payload_seed = static_cast<uint8_t>(i)});
  }
  // A packet that merges with none.
  static Bytes Echo(size_t spoke, uint16_t number) {
    return BuildPacket({.kind = PacketKind::kIcmpEcho,
                        .source = Star::SpokeInside(spoke),
                        .destination = Star::HubInside(),
                        .destination_port = number});
  }
  static uint16_t NumberOf(const Bytes& echo) { return LoadBe16(echo.data() + 26); }

  struct Arrival {
    size_t spoke = 0;
    Bytes message;
    size_t segment_bytes = 0;  // 0: one datagram, else a train
  };
  Arrival Seal(size_t spoke, const Bytes& packet) {
    return {spoke, star_.SealFromSpoke(spoke, packet)};
  }
  // Echo requests of spoke 0 numbered from 0.
  std::vector<Arrival> SealEchoes(uint16_t count) {
    std::vector<Arrival> sealed;
    for (uint16_t i = 0; i < count; ++i) sealed.push_back(Seal(0, Echo(0, i)));
    return sealed;
  }
  static Arrival Train(std::span<const Arrival> arrivals) {
    Arrival train{arrivals[0].spoke, {}, arrivals[0].message.size()};
    for (const Arrival& arrival : arrivals)
      train.message.insert(train.message.end(), arrival.message.begin(), arrival.message.end());
    return train;
  }

  struct Written {
    uint32_t segment_count = 0;
    Bytes packet;
  };
  // Everything is one batch.
  std::vector<Written> Receive(std::span<const Arrival> batch) {
    constexpr size_t kHeadroom = 64;
    std::vector<Bytes> buffers;
    std::vector<ReceivedRun> runs;
    for (const Arrival& arrival : batch) {
      Bytes& buffer = buffers.emplace_back(kHeadroom);
      buffer.insert(buffer.end(), arrival.message.begin(), arrival.message.end());
      runs.push_back({Run::Train(std::span(buffer).subspan(kHeadroom), arrival.segment_bytes),
                      Star::FromSpoke(arrival.spoke), 0, false});
    }
    star_.hub().inbound().Process(star_.now(), runs);
    const TunWriteBatch writes = star_.hub().inbound().to_tun();
    std::vector<Written> result;
    for (const TunWrite& write : writes.writes) {
      Written& written = result.emplace_back();
      written.segment_count = write.segment_count;
      for (const Piece& piece : writes.PiecesOf(write))
        written.packet.insert(written.packet.end(), piece.data, piece.data + piece.size);
      written.packet.erase(written.packet.begin(), written.packet.begin() + kVnetHeaderBytes);
    }
    return result;
  }
  std::vector<uint16_t> ReceiveNumbers(std::span<const Arrival> batch) {
    std::vector<uint16_t> numbers;
    for (const Written& written : Receive(batch)) numbers.push_back(NumberOf(written.packet));
    return numbers;
  }
  static std::vector<uint16_t> CountTo(uint16_t count) {
    std::vector<uint16_t> numbers(count);
    for (uint16_t i = 0; i < count; ++i) numbers[i] = i;
    return numbers;
  }

  Star star_{2, {.coalesce_tcp = true, .coalesce_udp = true}};
};

// The owner of a source is looked up once for consecutive packets of it.
TEST_F(InboundOrderTest, EachPacketOfABatchNeedsAnAllowedSource) {
  const Bytes stolen = Echo(0, 90);  // with the source of spoke 0
  const std::vector<Arrival> batch = {
      Seal(0, Echo(0, 1)), Seal(1, stolen),      Seal(1, Echo(1, 2)), Seal(1, stolen),
      Seal(0, Echo(0, 3)), Seal(0, Echo(1, 91)), Seal(1, Echo(1, 4))};
  EXPECT_EQ(ReceiveNumbers(batch), (std::vector<uint16_t>{1, 2, 3, 4}));
  EXPECT_EQ(star_.hub().Dropped(DropReason::kSourceNotAllowed), 3);
}

TEST_F(InboundOrderTest, ARunThatTheWireReorderedIsMergedIntoOne) {
  std::vector<Arrival> batch;
  for (uint32_t i = 0; i < 8; ++i) batch.push_back(Seal(0, TcpPacket(0, i)));
  std::ranges::swap(batch[1], batch[2]);
  std::rotate(batch.begin() + 3, batch.begin() + 7, batch.end());
  const std::vector<Written> written = Receive(batch);
  ASSERT_EQ(written.size(), 1);
  EXPECT_EQ(written[0].segment_count, 8);
  std::vector<Bytes> sent;
  for (uint32_t i = 0; i < 8; ++i) sent.push_back(TcpPacket(0, i));
  EXPECT_EQ(PlainSplit(written[0].packet, 100), sent);
}

TEST_F(InboundOrderTest, AReorderedRunIsMergedWithinATrainAndAcrossTrains) {
  std::vector<Arrival> sealed;
  for (uint32_t i = 0; i < 12; ++i) sealed.push_back(Seal(0, TcpPacket(0, i)));
  std::ranges::swap(sealed[1], sealed[3]);
  const std::span all(sealed);
  const Arrival batch[] = {Train(all.subspan(4)), Train(all.first(4))};
  const std::vector<Written> written = Receive(batch);
  ASSERT_EQ(written.size(), 1);
  EXPECT_EQ(written[0].segment_count, 12);
}

TEST_F(InboundOrderTest, PacketsInOrderStayInOrder) {
  EXPECT_EQ(ReceiveNumbers(SealEchoes(30)), CountTo(30));
}

TEST_F(InboundOrderTest, EveryOrderOfAFewPacketsIsPutRight) {
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  do {
    const std::vector<Arrival> sealed = SealEchoes(5);
    std::vector<Arrival> batch;
    for (const size_t i : order) batch.push_back(sealed[i]);
    ASSERT_EQ(ReceiveNumbers(batch), CountTo(5)) << ::testing::PrintToString(order);
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(InboundOrderTest, PacketsOfTwoPeersAreNotReorderedAgainstEachOther) {
  std::vector<Arrival> batch;
  for (uint16_t i = 0; i < 4; ++i) {
    batch.push_back(Seal(0, Echo(0, i)));
    batch.push_back(Seal(1, Echo(1, static_cast<uint16_t>(100 + i))));
  }
  std::ranges::swap(batch[2], batch[6]);  // of the first peer 0 3 2 1; the other's stay
  EXPECT_EQ(ReceiveNumbers(batch), (std::vector<uint16_t>{0, 100, 1, 101, 2, 102, 3, 103}));
}

TEST_F(InboundOrderTest, TwoReorderedPeersInTurnAreMergedEachIntoOne) {
  std::vector<Arrival> batch;
  for (uint32_t i = 0; i < 6; ++i) {
    batch.push_back(Seal(0, TcpPacket(0, i)));
    batch.push_back(Seal(1, TcpPacket(1, i)));
  }
  std::ranges::reverse(batch);
  const std::vector<Written> written = Receive(batch);
  ASSERT_EQ(written.size(), 2);
  EXPECT_EQ(written[0].segment_count, 6);
  EXPECT_EQ(written[1].segment_count, 6);
}

// The new key counts from zero again: as numbers its packets would come before all of the old one.
TEST_F(InboundOrderTest, ARekeyInTheMiddleLeavesTheOldKeysPacketsFirst) {
  std::vector<Arrival> sealed = SealEchoes(4);
  star_.Renew(0);
  for (uint16_t i = 4; i < 8; ++i) sealed.push_back(Seal(0, Echo(0, i)));
  ASSERT_NE(LoadLe32(sealed[3].message.data() + 4), LoadLe32(sealed[4].message.data() + 4));
  ASSERT_LT(LoadLe64(sealed[4].message.data() + 8), LoadLe64(sealed[3].message.data() + 8));
  std::ranges::swap(sealed[1], sealed[2]);
  std::ranges::swap(sealed[5], sealed[7]);
  EXPECT_EQ(ReceiveNumbers(sealed), CountTo(8));
}

// Where they overlap, each key's packets stay in that key's places.
TEST_F(InboundOrderTest, TwoKeysThatOverlapAreOrderedEachByItself) {
  std::vector<Arrival> sealed = SealEchoes(3);
  star_.Renew(0);
  for (uint16_t i = 3; i < 6; ++i) sealed.push_back(Seal(0, Echo(0, i)));
  const Arrival batch[] = {sealed[2], sealed[4], sealed[0], sealed[3], sealed[1], sealed[5]};
  EXPECT_EQ(ReceiveNumbers(batch), (std::vector<uint16_t>{0, 3, 1, 4, 2, 5}));
}

// Neither what does not authenticate nor a replay has a place, whatever counter it claims.
TEST_F(InboundOrderTest, OrdersOnlyGenuineNewPackets) {
  std::vector<Arrival> sealed = SealEchoes(4);
  EXPECT_EQ(ReceiveNumbers(std::span(sealed).first(1)), CountTo(1));
  Arrival forged = sealed[3];
  StoreLe64(forged.message.data() + 8, 1);
  const Arrival batch[] = {sealed[0], sealed[3], forged, sealed[2], sealed[2], sealed[1]};
  EXPECT_EQ(ReceiveNumbers(batch), (std::vector<uint16_t>{1, 2, 3}));
  EXPECT_EQ(star_.hub().Dropped(DropReason::kReplay), 2);
  EXPECT_EQ(star_.hub().Dropped(DropReason::kTransportInvalid), 1);
}

TEST_F(InboundOrderTest, NoBatchReachesIntoAnother) {
  const std::vector<Arrival> sealed = SealEchoes(4);
  const Arrival first[] = {sealed[2], sealed[0]};
  const Arrival second[] = {sealed[3], sealed[1]};
  EXPECT_EQ(ReceiveNumbers(first), (std::vector<uint16_t>{0, 2}));
  EXPECT_EQ(ReceiveNumbers(second), (std::vector<uint16_t>{1, 3}));
}

// What is held is bounded: the largest batch loses nothing, and a packet finds its place at least
// within the length of a train.
TEST_F(InboundOrderTest, TheLargestBatchIsWholeAndATrainLateIsStillPutRight) {
  constexpr auto kTrain = static_cast<uint16_t>(kTrainSegmentsMax);
  const std::vector<Arrival> sealed = SealEchoes(10 * kTrain);
  const std::span all(sealed);
  std::vector<Arrival> batch;
  for (size_t i = 0; i < 10; i += 2) {
    batch.push_back(Train(all.subspan((i + 1) * kTrain, kTrain)));
    batch.push_back(Train(all.subspan(i * kTrain, kTrain)));
  }
  EXPECT_EQ(ReceiveNumbers(batch), CountTo(10 * kTrain));
}

TEST_F(InboundOrderTest, APeerThatNumbersBackwardsLosesNothing) {
  std::vector<Arrival> sealed = SealEchoes(1000);
  std::ranges::reverse(sealed);
  std::vector<Arrival> batch;
  for (size_t i = 0; i < sealed.size(); i += 50)
    batch.push_back(Train(std::span(sealed).subspan(i, 50)));
  std::vector<uint16_t> numbers = ReceiveNumbers(batch);
  std::ranges::sort(numbers);
  EXPECT_EQ(numbers, CountTo(1000));
}

}  // namespace
}  // namespace ringwire
