// The limits of what one datagram, one train and one arena carry hold for what a packet becomes,
// padding and overhead included, and not only for the packet as it came.

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/base/limits.h"
#include "tests/support/pair.h"
#include "tests/support/tun_frame.h"

namespace ringwire {
namespace {

constexpr size_t kIpAndUdpBytes = 28;

class OutboundLimitsTest : public ::testing::Test {
 protected:
  OutboundLimitsTest() { EXPECT_TRUE(pair_.SendFromA()); }
  uint64_t Dropped(DropReason reason) { return pair_.a().Dropped(reason); }
  // An IP packet of that size for B, and the datagrams that it becomes.
  std::vector<Datagram> Send(size_t packet_bytes) {
    pair_.a().FromTun(pair_.now(), Pair::PacketFromA(packet_bytes - kIpAndUdpBytes));
    return pair_.a().TakeDatagrams();
  }

  Pair pair_;
};

// 65,480 bytes as segments of at most 65,470, which an MTU of 1420 pads to 65,480: with the
// overhead of 32 that is more than a datagram carries. The kernel cuts what it forwards; a program
// with CAP_NET_RAW can hand us this.
TEST_F(OutboundLimitsTest, ASegmentThatOnlyItsPaddingMakesTooLongIsRefused) {
  pair_.a().control().SetMtu(1420);
  pair_.a().FrameFromTun(
      pair_.now(), TunFrameOf(TcpGso(65'430), BuildSuperpacket({.kind = PacketKind::kTcp,
                                                                .payload_bytes = 65'480 - 40})));
  EXPECT_TRUE(pair_.a().TakeDatagrams().empty());
  EXPECT_EQ(Dropped(DropReason::kPacketTooBig), 2);
}

TEST_F(OutboundLimitsTest, TheLargestPacketIsTheOneThatAnswersName) {
  for (const uint32_t mtu : {68u, 1280u, 1420u, 9000u, 65'472u, 65'475u, 65'535u}) {
    SCOPED_TRACE(mtu);
    pair_.a().control().SetMtu(mtu);
    const uint64_t dropped = Dropped(DropReason::kPacketTooBig);
    EXPECT_TRUE(Send(65'535).empty());
    const std::vector<Bytes> answers = pair_.a().TakeDelivered();
    ASSERT_EQ(answers.size(), 1);
    const uint16_t largest = LoadBe16(answers[0].data() + 26);
    EXPECT_GE(largest, kTrainBytesMax - 32 - 15);
    EXPECT_TRUE(Send(largest + 1).empty());
    EXPECT_EQ(Dropped(DropReason::kPacketTooBig), dropped + 2);
    std::vector<Datagram> sent = Send(largest);
    std::erase_if(sent, [](const Datagram& one) { return one.bytes.size() < 100; });  // probes
    ASSERT_EQ(sent.size(), 1);
    EXPECT_LE(sent[0].bytes.size(), kTrainBytesMax);
    (void)pair_.a().TakeDelivered();
  }
}

TEST_F(OutboundLimitsTest, AStagedPacketThatAnotherMtuMakesTooLongIsRefusedAndTheRestLeaves) {
  Pair fresh;  // without a session
  fresh.a().control().SetMtu(65'535);
  fresh.a().FromTun(fresh.now(), Pair::PacketFromA(65'470 - kIpAndUdpBytes));
  fresh.a().FromTun(fresh.now(), Pair::PacketFromA(100));
  EXPECT_EQ(fresh.a().Dropped(DropReason::kPacketTooBig), 0);
  fresh.a().control().SetMtu(1420);
  fresh.Deliver();
  EXPECT_EQ(fresh.a().Dropped(DropReason::kPacketTooBig), 1);
  EXPECT_EQ(fresh.b().TakeDelivered(), std::vector<Bytes>{Pair::PacketFromA(100)});
}

// 4,600 segments of 69 bytes: 112 each without an MTU, which an arena would hold, and 116 with one
// of 68, which it does not. Such a frame was neither sent nor dropped, and the queue stood still.
TEST_F(OutboundLimitsTest, ASuperpacketThatOnlyPaddingMakesLargerThanTheArenaIsDropped) {
  pair_.a().control().SetMtu(68);
  VnetHeader vnet = TcpGso(13);
  vnet.header_bytes = 56;
  pair_.a().FrameFromTun(pair_.now(),
                         TunFrameOf(vnet, BuildSuperpacket({.kind = PacketKind::kTcp,
                                                            .tcp_options = Bytes(16, 1),
                                                            .payload_bytes = 4600 * 13})));
  EXPECT_TRUE(pair_.a().TakeDatagrams().empty());
  EXPECT_EQ(Dropped(DropReason::kTunFrameMalformed), 4600);
}

}  // namespace
}  // namespace ringwire
