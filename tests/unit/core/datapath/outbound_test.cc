#include "core/datapath/outbound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "core/base/endian.h"
#include "tests/support/pair.h"
#include "tests/support/tun_frame.h"

namespace ringwire {
namespace {

class OutboundTest : public ::testing::Test {
 protected:
  OutboundTest() { EXPECT_TRUE(pair_.SendFromA()); }
  uint64_t Dropped(DropReason reason) { return pair_.a().Dropped(reason); }
  std::vector<Datagram> FromTun(const Bytes& packet) {
    pair_.a().FromTun(pair_.now(), packet);
    return pair_.a().TakeDatagrams();
  }

  Pair pair_;
};

TEST_F(OutboundTest, PadsToSixteenAndNeverBeyondTheMtu) {
  pair_.a().control().SetMtu(1410);  // not a multiple of 16
  EXPECT_EQ(FromTun(Pair::PacketFromA(0)).at(0).bytes.size(), 32 + 32);
  EXPECT_EQ(FromTun(Pair::PacketFromA(4)).at(0).bytes.size(), 32 + 32);
  EXPECT_EQ(FromTun(Pair::PacketFromA(5)).at(0).bytes.size(), 32 + 48);
  EXPECT_EQ(FromTun(Pair::PacketFromA(1410 - 28)).at(0).bytes.size(), 32 + 1410);
  EXPECT_EQ(FromTun(Pair::PacketFromA(1400 - 28)).at(0).bytes.size(), 32 + 1408);
}

TEST_F(OutboundTest, CountersOfASessionCountUpByOne) {
  const uint64_t first = LoadLe64(FromTun(Pair::PacketFromA(1)).at(0).bytes.data() + 8);
  EXPECT_EQ(LoadLe64(FromTun(Pair::PacketFromA(1)).at(0).bytes.data() + 8), first + 1);
}

TEST_F(OutboundTest, Rule25APacketForNobodyIsAnsweredWithUnreachable) {
  const Bytes lost =
      BuildPacket({.destination = TestAddress(IpFamily::kV4, 99), .payload_bytes = 20});
  EXPECT_TRUE(FromTun(lost).empty());
  EXPECT_EQ(Dropped(DropReason::kNoPeerForDestination), 1);
  const std::vector<Bytes> answers = pair_.a().TakeDelivered();
  ASSERT_EQ(answers.size(), 1);
  EXPECT_TRUE(PlainIsValid(answers[0]));
  EXPECT_EQ(answers[0][9], 1);   // ICMP
  EXPECT_EQ(answers[0][20], 3);  // destination unreachable
  EXPECT_EQ(answers[0][21], 1);  // host
}

TEST_F(OutboundTest, Rule25APacketThatIsNotIpGetsNoAnswer) {
  EXPECT_TRUE(FromTun(Bytes(60, 0x11)).empty());
  EXPECT_EQ(Dropped(DropReason::kTunNotIp), 1);
  EXPECT_TRUE(pair_.a().TakeDelivered().empty());
}

TEST_F(OutboundTest, APeerWithoutEndpointIsUnreachable) {
  DeviceUpdate update;
  crypto::PublicKey other{};
  other[0] = 9;
  update.peers.push_back(
      {.public_key = other, .allowed_ips = {{*Prefix::Parse("10.0.0.50/32"), false}}});
  ASSERT_TRUE(pair_.a().Apply(pair_.now(), update).ok());
  EXPECT_TRUE(FromTun(BuildPacket({.destination = TestAddress(IpFamily::kV4, 50)})).empty());
  EXPECT_EQ(Dropped(DropReason::kPeerHasNoEndpoint), 1);
  EXPECT_EQ(pair_.a().TakeDelivered().size(), 1);
}

TEST_F(OutboundTest, APacketThatNoDatagramCanCarryIsTooBig) {
  EXPECT_TRUE(FromTun(Pair::PacketFromA(65'535 - 28)).empty());
  EXPECT_EQ(Dropped(DropReason::kPacketTooBig), 1);
  const std::vector<Bytes> answers = pair_.a().TakeDelivered();
  ASSERT_EQ(answers.size(), 1);
  EXPECT_EQ(answers[0][20], 3);
  EXPECT_EQ(answers[0][21], 4);  // fragmentation needed
  EXPECT_EQ(LoadBe16(answers[0].data() + 26), 65'464);
}

// Only IPv4 lets its sender leave the cutting to others, and then "too big" is no answer: it is the
// kernel that cuts, to the tunnel's MTU, before we see anything.
TEST_F(OutboundTest, APacketThatIsTooBigGetsAnAnswerInIpv6AlwaysAndInIpv4WithDontFragment) {
  EXPECT_TRUE(FromTun(Pair::PacketFromA(65'535 - 48, IpFamily::kV6)).empty());
  EXPECT_EQ(Dropped(DropReason::kPacketTooBig), 1);
  const std::vector<Bytes> answers = pair_.a().TakeDelivered();
  ASSERT_EQ(answers.size(), 1);
  EXPECT_EQ(answers[0][40], 2);  // packet too big
  EXPECT_EQ(LoadBe32(answers[0].data() + 44), 65'464);

  EXPECT_TRUE(FromTun(BuildPacket({.dont_fragment = false, .payload_bytes = 65'535 - 28})).empty());
  EXPECT_EQ(Dropped(DropReason::kPacketTooBig), 2);
  EXPECT_TRUE(pair_.a().TakeDelivered().empty());
}

TEST_F(OutboundTest, AMalformedFrameIsCountedAndNotSent) {
  const auto give = [&](Bytes frame) { pair_.a().FrameFromTun(pair_.now(), std::move(frame)); };
  give(Bytes(10));
  Bytes truncated = TunFrameOf({}, Pair::PacketFromA(40));
  truncated.resize(40);
  give(truncated);
  give(TunFrameOf(
      {.flags = VnetHeader::kNeedsChecksum, .checksum_start = 4000, .checksum_offset = 6},
      Pair::PacketFromA(40)));
  give(TunFrameOf({.gso_type = 77, .gso_size = 100}, Pair::PacketFromA(40)));
  EXPECT_EQ(Dropped(DropReason::kTunFrameMalformed), 4);
  EXPECT_TRUE(pair_.a().TakeDatagrams().empty());
}

TEST_F(OutboundTest, Rule23APartialChecksumIsCompletedBeforeSealing) {
  const PacketSpec spec{.payload_bytes = 100};
  pair_.a().FrameFromTun(
      pair_.now(),
      TunFrameOf({.flags = VnetHeader::kNeedsChecksum, .checksum_start = 20, .checksum_offset = 6},
                 BuildSuperpacket(spec)));
  pair_.Deliver();
  EXPECT_EQ(pair_.b().TakeDelivered(), std::vector<Bytes>{BuildPacket(spec)});
}

TEST_F(OutboundTest, ASuperpacketLeavesAsBalancedTrainsAndArrivesAsItsSegments) {
  PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 47 * 1380};
  const Bytes superpacket = BuildSuperpacket(spec);
  Bytes frame = TunFrameOf(TcpGso(1380), superpacket);
  const TunFrame frames[] = {{frame}};
  pair_.a().outbound().Reset();
  ASSERT_EQ(pair_.a().outbound().Process(pair_.now(), frames), 1);
  const std::span<const SendRun> runs = pair_.a().outbound().to_wire();
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].run.count, 24);
  EXPECT_EQ(runs[1].run.count, 23);
  for (const SendRun& run : runs) {
    EXPECT_EQ(run.run.stride, run.run.segment_bytes);
    pair_.b().FromWire(
        pair_.now(), pair_.FromA(),
        std::span(run.run.data, size_t{run.run.stride} * (run.run.count - 1) + run.run.last_bytes),
        run.run.segment_bytes);
  }
  EXPECT_EQ(pair_.b().TakeDelivered(), PlainSplit(superpacket, 1380));
}

TEST_F(OutboundTest, SmallPacketsOfOnePeerShareATrain) {
  std::vector<Bytes> storage;
  for (size_t i = 0; i < 40; ++i) storage.push_back(TunFrameOf({}, Pair::PacketFromA(20)));
  storage.push_back(TunFrameOf({}, Pair::PacketFromA(0)));   // shorter: the last of its train
  storage.push_back(TunFrameOf({}, Pair::PacketFromA(20)));  // begins the next
  std::vector<TunFrame> frames;
  for (Bytes& frame : storage) frames.push_back({frame});
  pair_.a().outbound().Reset();
  ASSERT_EQ(pair_.a().outbound().Process(pair_.now(), frames), frames.size());
  const std::span<const SendRun> runs = pair_.a().outbound().to_wire();
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].run.count, 41);
  EXPECT_EQ(runs[0].run.segment_bytes, 80);
  EXPECT_EQ(runs[0].run.last_bytes, 64);
  EXPECT_EQ(runs[1].run.count, 1);
}

TEST_F(OutboundTest, PacketsOfDifferentCongestionMarkingNeverShareATrain) {
  Bytes a = TunFrameOf({}, BuildPacket({.tos = 2, .payload_bytes = 20}));
  Bytes b = TunFrameOf({}, BuildPacket({.tos = 1, .payload_bytes = 20}));
  const TunFrame frames[] = {{a}, {b}};
  pair_.a().outbound().Reset();
  ASSERT_EQ(pair_.a().outbound().Process(pair_.now(), frames), 2);
  ASSERT_EQ(pair_.a().outbound().to_wire().size(), 2);
  EXPECT_EQ(pair_.a().outbound().to_wire()[0].tos, 2);
  EXPECT_EQ(pair_.a().outbound().to_wire()[1].tos, 1);
}

TEST_F(OutboundTest, AFullArenaHandsBackTheRest) {
  std::vector<Bytes> storage(
      16, TunFrameOf(TcpGso(1380),
                     BuildSuperpacket({.kind = PacketKind::kTcp, .payload_bytes = 65'000})));
  std::vector<TunFrame> frames;
  for (Bytes& frame : storage) frames.push_back({frame});
  size_t taken_total = 0;
  int rounds = 0;
  while (taken_total < frames.size()) {
    pair_.a().outbound().Reset();
    const size_t taken =
        pair_.a().outbound().Process(pair_.now(), std::span(frames).subspan(taken_total));
    ASSERT_GT(taken, 0);
    taken_total += taken;
    ++rounds;
  }
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(pair_.a().DroppedTotal(), 0);
}

TEST_F(OutboundTest, TheWorstSuperpacketFitsAnEmptyArena) {
  Bytes frame =
      TunFrameOf(TcpGso(48), BuildSuperpacket({.kind = PacketKind::kTcp, .payload_bytes = 65'495}));
  const TunFrame frames[] = {{frame}};
  pair_.a().outbound().Reset();
  EXPECT_EQ(pair_.a().outbound().Process(pair_.now(), frames), 1);
  uint32_t segments = 0;
  for (const SendRun& run : pair_.a().outbound().to_wire()) {
    EXPECT_LE(run.run.count, kTrainSegmentsMax);
    segments += run.run.count;
  }
  EXPECT_EQ(segments, (65'495 + 47) / 48);
}

TEST_F(OutboundTest, ASuperpacketCutTooSmallForAnyArenaIsDroppedAndDoesNotBlockTheQueue) {
  Bytes frame =
      TunFrameOf(TcpGso(1), BuildSuperpacket({.kind = PacketKind::kTcp, .payload_bytes = 65'000}));
  const TunFrame frames[] = {{frame}};
  pair_.a().outbound().Reset();
  EXPECT_EQ(pair_.a().outbound().Process(pair_.now(), frames), 1);
  EXPECT_EQ(Dropped(DropReason::kTunFrameMalformed), 65'000);
}

TEST_F(OutboundTest, Rule3NoCounterIsEverReservedPastTheLimit) {
  pair_.Advance(absl::Seconds(6));  // the last initiation is long enough ago for another
  PeerSlot* const peer = pair_.a().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 2));
  peer->current.load()->SetSendCounterForTest(kRejectAfterMessages - 1);
  EXPECT_EQ(FromTun(Pair::PacketFromA(1)).size(),
            1 + 1);  // the packet, and an initiation: the session is used up
  pair_.a().set_hold_control(true);
  EXPECT_TRUE(FromTun(Pair::PacketFromA(1)).empty());
  EXPECT_EQ(Dropped(DropReason::kCounterLimit), 1);
}

// The way to each other's endpoint leads into the tunnel, on both sides.
class RoutingLoopTest : public ::testing::Test {
 protected:
  RoutingLoopTest() {
    Route(pair_.a(), pair_.b(), pair_.address_b);
    Route(pair_.b(), pair_.a(), pair_.address_a);
  }
  void Route(Node& node, const Node& peer, const SocketAddress& endpoint) {
    DeviceUpdate update;
    update.peers.push_back({.public_key = peer.public_key(),
                            .allowed_ips = {{Prefix::Of(endpoint.address, 32), false}}});
    ASSERT_TRUE(node.Apply(pair_.now(), update).ok());
    node.control().SetListenPort(51820);
  }
  // A datagram of A's (or B's) port to the other's endpoint, as TUN gives it to us.
  Bytes Looped(bool from_a, const Bytes& message) const {
    Bytes packet = BuildPacket({.source = (from_a ? pair_.address_a : pair_.address_b).address,
                                .destination = (from_a ? pair_.address_b : pair_.address_a).address,
                                .source_port = 51820,
                                .destination_port = 51820,
                                .payload_bytes = message.size()});
    std::ranges::copy(message, packet.end() - static_cast<ptrdiff_t>(message.size()));
    FixTransportChecksum(packet);
    return packet;
  }
  // The message with another index, as another WireGuard behind us sends it from the same port.
  static Bytes OfAnother(Bytes message) {
    message[7] ^= 0x80;
    return message;
  }
  // The gateway takes up a message that came back, of its own or of another.
  bool IsDropped(Node& node, const Bytes& packet) {
    const uint64_t before = node.Dropped(DropReason::kRoutingLoop);
    node.FromTun(pair_.now(), packet);
    return node.Dropped(DropReason::kRoutingLoop) == before + 1;
  }
  static Bytes TakeOnly(Node& node) {
    const std::vector<Datagram> sent = node.TakeDatagrams();
    EXPECT_EQ(sent.size(), 1);
    return sent.at(0).bytes;
  }

  Pair pair_;
};

TEST_F(RoutingLoopTest, OurTransportMessageIsDroppedAndAnothersIsCarried) {
  ASSERT_TRUE(pair_.SendFromA());
  pair_.a().FromTun(pair_.now(), Pair::PacketFromA(100));
  const Bytes message = TakeOnly(pair_.a());
  EXPECT_TRUE(IsDropped(pair_.a(), Looped(true, message)));
  EXPECT_TRUE(pair_.a().TakeDatagrams().empty());

  EXPECT_FALSE(IsDropped(pair_.a(), Looped(true, OfAnother(message))));
  const Bytes sealed = TakeOnly(pair_.a());
  EXPECT_TRUE(IsDropped(pair_.a(), Looped(true, sealed))) << "ours, whatever it carries";
}

TEST_F(RoutingLoopTest, OnlyADatagramOfOurPortsCanBeOurs) {
  ASSERT_TRUE(pair_.SendFromA());
  pair_.a().FromTun(pair_.now(), Pair::PacketFromA(100));
  const Bytes looped = Looped(true, TakeOnly(pair_.a()));
  for (const size_t port_byte : {size_t{21}, size_t{23}}) {
    Bytes other = looped;
    other[port_byte] ^= 1;
    EXPECT_FALSE(IsDropped(pair_.a(), other)) << port_byte;
  }
  Bytes tcp = looped;
  tcp[9] = 6;
  EXPECT_FALSE(IsDropped(pair_.a(), tcp));
  for (const size_t payload_bytes : {size_t{0}, size_t{7}, size_t{15}}) {
    EXPECT_FALSE(IsDropped(pair_.a(), Looped(true, Bytes(payload_bytes, 4)))) << payload_bytes;
  }
}

TEST_F(RoutingLoopTest, TheFirstFragmentOfOursIsDropped) {
  ASSERT_TRUE(pair_.SendFromA());
  pair_.a().FromTun(pair_.now(), Pair::PacketFromA(100));
  Bytes fragment = Looped(true, TakeOnly(pair_.a()));
  fragment.resize(20 + 8 + 40);
  StoreBe16(fragment.data() + 2, static_cast<uint16_t>(fragment.size()));
  StoreBe16(fragment.data() + 6, 0x2000);  // more follow
  EXPECT_TRUE(IsDropped(pair_.a(), fragment));
  StoreBe16(fragment.data() + 6, 0x2006);  // what would be the ports is somewhere in the middle
  EXPECT_FALSE(IsDropped(pair_.a(), fragment));
}

TEST_F(RoutingLoopTest, OurInitiationIsDroppedAndAnothersWaitsForTheSession) {
  pair_.a().FromTun(pair_.now(), Pair::PacketFromA(100));
  const Bytes initiation = TakeOnly(pair_.a());
  ASSERT_EQ(initiation.size(), sizeof(InitiationMessage));
  EXPECT_TRUE(IsDropped(pair_.a(), Looped(true, initiation)));
  EXPECT_FALSE(IsDropped(pair_.a(), Looped(true, OfAnother(initiation))));
  EXPECT_EQ(pair_.a().counters().staged_segments.value(), 2) << "the packet, and the other's";
}

TEST_F(RoutingLoopTest, OurResponseIsDropped) {
  pair_.set_filter([](bool from_a, Datagram*) { return from_a; });
  pair_.SendFromA();
  const Bytes response = pair_.LastOnWire(kMessageResponse)->datagram.bytes;
  EXPECT_TRUE(IsDropped(pair_.b(), Looped(false, response)));
  EXPECT_FALSE(IsDropped(pair_.b(), Looped(false, OfAnother(response))));
}

TEST_F(RoutingLoopTest, AlsoAMessageOfASessionThatControlHasNotConfirmedYet) {
  pair_.set_filter([&](bool from_a, Datagram* datagram) {
    if (from_a && datagram->bytes[0] == kMessageTransport) pair_.b().set_hold_control(true);
    return true;
  });
  ASSERT_TRUE(pair_.SendFromA());
  ASSERT_EQ(pair_.b().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 1))->current.load(),
            nullptr);
  pair_.b().FromTun(pair_.now(), Pair::PacketFromB(100));
  const Bytes message = TakeOnly(pair_.b());
  EXPECT_TRUE(IsDropped(pair_.b(), Looped(false, message)));
  EXPECT_FALSE(IsDropped(pair_.b(), Looped(false, OfAnother(message))));
}

TEST(OutboundStagingTest, PacketsWaitForTheSessionAndLeaveInOrder) {
  Pair pair;
  std::vector<Bytes> packets;
  pair.a().set_hold_control(true);
  for (size_t i = 0; i < 20; ++i) {
    packets.push_back(Pair::PacketFromA(10 + i));
    pair.a().FromTun(pair.now(), packets.back());
  }
  EXPECT_TRUE(pair.a().TakeDatagrams().empty());
  pair.a().set_hold_control(false);
  pair.a().RunControl(pair.now());
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered(), packets);
}

TEST(OutboundStagingTest, TheOldestOf129IsDropped) {
  Pair pair;
  std::vector<Bytes> packets;
  pair.a().set_hold_control(true);
  for (size_t i = 0; i < 130; ++i) {
    packets.push_back(Pair::PacketFromA(10 + i));
    pair.a().FromTun(pair.now(), packets.back());
  }
  EXPECT_EQ(pair.a().Dropped(DropReason::kStagedQueueFull), 2);
  pair.a().set_hold_control(false);
  pair.a().RunControl(pair.now());
  pair.Deliver();
  packets.erase(packets.begin(), packets.begin() + 2);
  EXPECT_EQ(pair.b().TakeDelivered(), packets);
}

// Other peers fill the pool with one packet each of this size.
std::deque<StagedQueue> FillPool(Node& node, size_t packet_bytes) {
  std::deque<StagedQueue> others;
  while (node.shared().staged_pool.used() + packet_bytes <= kStagedPoolBytes) {
    EXPECT_TRUE(others.emplace_back(&node.shared().staged_pool).Push(Bytes(packet_bytes)).stored);
  }
  return others;
}

TEST(OutboundStagingTest, InAPoolThatOtherPeersHaveFilledOneOfTheirsMakesRoom) {
  Pair pair;
  const std::deque<StagedQueue> others = FillPool(pair.a(), 60'000);
  pair.a().FromTun(pair.now(), Pair::PacketFromA(40'000));
  EXPECT_EQ(pair.a().Dropped(DropReason::kStagedPoolFull), 1);
  EXPECT_TRUE(others.front().empty());
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered(), std::vector<Bytes>{Pair::PacketFromA(40'000)});
}

TEST(OutboundStagingTest, APacketThatFindsNoRoomAsksForAHandshakeAllTheSame) {
  Pair pair;
  const std::deque<StagedQueue> others = FillPool(pair.a(), 50'000);
  pair.a().FromTun(pair.now(), Pair::PacketFromA(60'000));
  EXPECT_EQ(pair.a().Dropped(DropReason::kStagedPoolFull), 1);
  EXPECT_EQ(pair.a().counters().staged_segments.value(), 0);
  pair.Deliver();
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1);
  EXPECT_TRUE(pair.SendFromA());
}

TEST(OutboundStagingTest, ASuperpacketIsStagedAsItsSegments) {
  Pair pair;
  const Bytes superpacket = BuildSuperpacket({.kind = PacketKind::kTcp, .payload_bytes = 5000});
  pair.a().FrameFromTun(pair.now(), TunFrameOf(TcpGso(1380), superpacket));
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered(), PlainSplit(superpacket, 1380));
}

TEST(OutboundStagingTest, APacketThatIsFasterThanTheNewsOfTheLinkWaitsForIt) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.a().SetLinkUp(pair.now(), false);
  pair.a().FromTun(pair.now(), Pair::PacketFromA(1));
  EXPECT_TRUE(pair.a().TakeDatagrams().empty());
  pair.Advance(absl::Seconds(6));
  pair.a().SetLinkUp(pair.now(), true);
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered(), std::vector<Bytes>{Pair::PacketFromA(1)});
}

// What control has not heard of yet: one answer must not be lost for it.
TEST(AheadOfControlTest, TheAnswerToTheFirstPacketFromANewAddressGoesThere) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.b().set_hold_control(true);
  pair.address_a = *SocketAddress::Parse("198.51.100.7:7777");
  ASSERT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
  // And back again, before control has taken up either.
  pair.address_a = *SocketAddress::Parse("192.0.2.1:51820");
  ASSERT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
  pair.b().set_hold_control(false);
  EXPECT_TRUE(pair.SendFromB());
}

TEST(AheadOfControlTest, TheAnswerToTheFirstPacketOfANewSessionUsesIt) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(absl::Seconds(10));
  // A has forgotten the old session; B still has it as its current one when A's first data arrives.
  pair.RestartA(/*with_stamps=*/true);
  pair.set_filter([&](bool from_a, Datagram* datagram) {
    if (from_a && datagram->bytes[0] == 4) pair.b().set_hold_control(true);
    return true;
  });
  ASSERT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
  EXPECT_EQ(pair.a().Dropped(DropReason::kUnknownReceiverIndex), 0);
}

TEST(AheadOfControlTest, AConfirmationThatComesTooLateNeitherSendsNorCrashes) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  PeerSlot* const peer = pair.b().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 1));
  peer->confirmed_index.store(0x12345678);  // a session that is long gone
  EXPECT_TRUE(pair.SendFromB());
}

}  // namespace
}  // namespace ringwire
