#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/base/limits.h"
#include "core/datapath/outbound.h"
#include "tests/support/star.h"
#include "tests/support/tun_frame.h"

// Which packets of a batch share a train, and that none of a peer's overtakes another.
namespace ringwire {
namespace {

class OutboundTrainTest : public ::testing::Test {
 protected:
  explicit OutboundTrainTest(size_t spokes = 2) : star_(spokes), sent_(spokes) {}

  PacketSpec ToSpoke(size_t spoke, size_t payload_bytes) {
    return {.source = Star::HubInside(),
            .destination = Star::SpokeInside(spoke),
            .ip_id = next_id_++,
            .payload_bytes = payload_bytes};
  }
  void Add(size_t spoke, const PacketSpec& spec) {
    const Bytes packet = BuildPacket(spec);
    storage_.push_back(TunFrameOf({}, packet));
    sent_[spoke].push_back(packet);
  }
  void Add(size_t spoke, size_t payload_bytes) { Add(spoke, ToSpoke(spoke, payload_bytes)); }
  void AddSuperpacket(size_t spoke, size_t segments, uint16_t gso_size) {
    PacketSpec spec = ToSpoke(spoke, segments * gso_size);
    spec.kind = PacketKind::kTcp;
    const Bytes packet = BuildSuperpacket(spec);
    storage_.push_back(TunFrameOf(TcpGso(gso_size), packet));
    for (Bytes& segment : PlainSplit(packet, gso_size)) sent_[spoke].push_back(std::move(segment));
  }

  // A train: for whom, and how many messages it has.
  struct Train {
    size_t spoke = 0;
    uint32_t count = 0;
    friend bool operator==(const Train&, const Train&) = default;
  };
  // Frames that the arena had no room for stay.
  void Process() {
    std::vector<TunFrame> frames;
    for (Bytes& frame : storage_) frames.push_back({frame});
    const size_t taken = star_.hub().outbound().Process(star_.now(), frames);
    EXPECT_GT(taken, 0);
    storage_.erase(storage_.begin(), storage_.begin() + static_cast<ptrdiff_t>(taken));
  }
  // The batch as it leaves. What a train must be is checked of each, and it is given to its spoke.
  std::vector<Train> Send() {
    std::vector<Train> trains;
    for (rounds_ = 0; !storage_.empty() && rounds_ < 100; ++rounds_) {
      star_.hub().outbound().Reset();
      Process();
      for (const SendRun& run : star_.hub().outbound().to_wire()) {
        CheckAndDeliver(run);
        trains.push_back({SpokeOf(run), run.run.count});
      }
    }
    return trains;
  }
  // Every packet has arrived, and each spoke's in order.
  void ExpectAllArrived() {
    for (size_t i = 0; i < sent_.size(); ++i)
      EXPECT_EQ(star_.spoke(i).TakeDelivered(), sent_[i]) << "spoke " << i;
  }
  PeerSlot& PeerOf(size_t spoke) {
    return *star_.hub().shared().allowed_ips.Lookup(Star::SpokeInside(spoke));
  }
  std::span<const SendRun> SendOnce() {
    star_.hub().outbound().Reset();
    Process();
    return star_.hub().outbound().to_wire();
  }
  static size_t SpokeOf(const SendRun& run) {
    return size_t{run.to.remote.address.bytes[3]} - Star::FromSpoke(0).remote.address.bytes[3];
  }

  Star star_;
  int rounds_ = 0;  // of the last Send()

 private:
  void CheckAndDeliver(const SendRun& sent) {
    const auto& run = sent.run;
    EXPECT_EQ(run.stride, run.segment_bytes);
    EXPECT_LE(run.last_bytes, run.segment_bytes);
    EXPECT_LE(run.count, kTrainSegmentsMax);
    EXPECT_LE(run.PayloadBytes(), kTrainBytesMax);
    const uint32_t index = LoadLe32(run.data + 4);
    const uint64_t counter = LoadLe64(run.data + 8);
    for (uint32_t i = 0; i < run.count; ++i) {
      EXPECT_EQ(LoadLe32(run.Segment(i).data() + 4), index) << "two sessions in a train";
      EXPECT_EQ(LoadLe64(run.Segment(i).data() + 8), counter + i);
    }
    const size_t spoke = SpokeOf(sent);
    star_.spoke(spoke).FromWire(star_.now(), Star::FromHub(spoke), {run.data, run.PayloadBytes()},
                                run.segment_bytes, sent.tos);
  }

  uint16_t next_id_ = 1;
  std::vector<Bytes> storage_;
  std::vector<std::vector<Bytes>> sent_;
};

TEST_F(OutboundTrainTest, TwoPeersInTurnNeverShareATrainAndGetOneEach) {
  for (size_t i = 0; i < 20; ++i) Add(i % 2, 100);
  EXPECT_EQ(Send(), (std::vector<Train>{{0, 10}, {1, 10}}));
  ExpectAllArrived();
}

// As two gateways behind one NAT are told apart.
TEST_F(OutboundTrainTest, TwoPortsOfOneAddressNeverShareATrain) {
  Endpoint beside = Star::FromSpoke(0);
  beside.remote.port = 51821;
  PeerOf(1).Roam(beside);
  for (size_t i = 0; i < 6; ++i) Add(i % 2, 100);
  const std::span<const SendRun> runs = SendOnce();
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].to, Star::FromSpoke(0));
  EXPECT_EQ(runs[1].to, beside);
}

TEST_F(OutboundTrainTest, TwoPeersAtOneEndpointNeverShareATrain) {
  PeerOf(1).Roam(Star::FromSpoke(0));
  for (size_t i = 0; i < 6; ++i) Add(i % 2, 100);
  const std::span<const SendRun> runs = SendOnce();
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].to, runs[1].to);
  EXPECT_NE(runs[0].peer, runs[1].peer);
}

// A peer moves, or reaches us at another of our addresses, while the arena still holds what went to
// the place before.
TEST_F(OutboundTrainTest, TwoEndpointsAndTwoSourceAddressesOfAPeerNeverShareATrain) {
  Endpoint moved = Star::FromSpoke(0);
  moved.remote.port = 7777;
  Endpoint other_source = moved;
  other_source.local.bytes[3] ^= 1;
  Endpoint other_interface = other_source;
  other_interface.local_interface = 7;
  const Endpoint endpoints[] = {Star::FromSpoke(0), moved, other_source, other_interface};
  star_.hub().outbound().Reset();
  for (const Endpoint& endpoint : endpoints) {
    PeerOf(0).Roam(endpoint);
    Add(0, 100);
    Add(0, 100);
    Process();
  }
  const std::span<const SendRun> runs = star_.hub().outbound().to_wire();
  ASSERT_EQ(runs.size(), std::size(endpoints));
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i].run.count, 2);
    EXPECT_EQ(runs[i].to, endpoints[i]);
  }
}

TEST_F(OutboundTrainTest, ADifferentSizeEndsTheTrainOfItsPeerOnly) {
  for (const size_t payload_bytes : std::initializer_list<size_t>{100, 100, 500, 500, 100}) {
    Add(0, payload_bytes);
    Add(1, 100);
  }
  // The last packet of 100 bytes ends the train of 500.
  EXPECT_EQ(Send(), (std::vector<Train>{{0, 2}, {0, 3}, {1, 5}}));
  ExpectAllArrived();
}

// 65,507 bytes of UDP payload are what one send carries: trains are as long as that allows, and no
// longer.
TEST_F(OutboundTrainTest, ATrainOfPlainPacketsFillsTheLargestDatagramAndNoMore) {
  struct Case {
    size_t packet_bytes;
    uint32_t fits;
  };
  const Case cases[] = {{20 + 8, 64},  // 64 segments are the limit, not the bytes
                        {992, 63},     // 1,024 bytes sealed: 64 would be 65,536
                        {976, 64},    {1456, 44},  {21'792, 3},
                        {21'808, 2},  {32'720, 2},  // 32,752 sealed
                        {32'736, 1},  {65'472, 1}};
  star_.hub().control().SetMtu(65'535);
  for (const auto& [packet_bytes, fits] : cases) {
    for (uint32_t i = 0; i < fits + 1; ++i) Add(0, packet_bytes - 28);
    EXPECT_EQ(Send(), (std::vector<Train>{{0, fits}, {0, 1}})) << packet_bytes;
  }
  ExpectAllArrived();
}

TEST_F(OutboundTrainTest, SmallPacketsBeforeASuperpacketDoNotSpoilItsBalance) {
  for (int i = 0; i < 10; ++i) Add(0, 1380 + 12);  // as large as the segments
  AddSuperpacket(0, 47, 1380);
  for (int i = 0; i < 5; ++i) Add(0, 1380 + 12);
  EXPECT_EQ(Send(), (std::vector<Train>{{0, 10}, {0, 24}, {0, 23}, {0, 5}}));
  ExpectAllArrived();
}

TEST_F(OutboundTrainTest, ASuperpacketForAnotherPeerDoesNotEndATrain) {
  Add(0, 100);
  AddSuperpacket(1, 10, 1380);
  Add(0, 100);
  EXPECT_EQ(Send(), (std::vector<Train>{{1, 10}, {0, 2}}));
  ExpectAllArrived();
}

TEST_F(OutboundTrainTest, PlainPacketsThatFillTheArenaAreHandedBackWhole) {
  for (size_t i = 0; i < 64; ++i) Add(i % 2, 30'000);
  Send();
  EXPECT_EQ(rounds_, 4) << "17 of 30,064 bytes fit into the arena";
  ExpectAllArrived();
  EXPECT_EQ(star_.hub().DroppedTotal(), 0);
}

class OutboundTrainManyPeersTest : public OutboundTrainTest,
                                   public ::testing::WithParamInterface<uint32_t> {
 protected:
  static constexpr size_t kSpokes = 12;  // more than have a train in the making at once
  OutboundTrainManyPeersTest() : OutboundTrainTest(kSpokes) {}
};

TEST_P(OutboundTrainManyPeersTest, NothingIsLostAndNoPeersPacketsOvertakeEachOther) {
  std::minstd_rand random(GetParam());
  for (int batch = 0; batch < 5; ++batch) {
    for (int i = 0; i < 64; ++i) {
      const size_t spoke = random() % (GetParam() % 2 == 0 ? 3 : kSpokes);
      if (random() % 16 == 0) {
        AddSuperpacket(spoke, 1 + random() % 40, static_cast<uint16_t>(1 + random() % 1380));
        continue;
      }
      PacketSpec spec = ToSpoke(spoke, random() % 4 == 0 ? random() % 1400 : 200);
      if (random() % 16 == 0) spec.tos = 2;
      Add(spoke, spec);
    }
    Send();
  }
  ExpectAllArrived();
  EXPECT_EQ(star_.hub().DroppedTotal(), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OutboundTrainManyPeersTest, ::testing::Range(1u, 11u));

}  // namespace
}  // namespace ringwire
