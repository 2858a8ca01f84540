#include "core/datapath/inbound.h"

#include <gtest/gtest.h>

#include <span>
#include <utility>

#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/wire/constants.h"
#include "tests/support/pair.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

// B's view of a session that A has opened; the last transport message from A waits in `message`.
class InboundTest : public ::testing::Test {
 protected:
  explicit InboundTest(const Pair::Options& options = {}) : pair_(options) {
    EXPECT_TRUE(pair_.SendFromA());
    EXPECT_TRUE(pair_.SendFromB());
  }

  // The datagrams that one packet from A becomes, not delivered.
  std::vector<Datagram> SealFromA(const Bytes& packet) {
    pair_.a().FromTun(pair_.now(), packet);
    return pair_.a().TakeDatagrams();
  }
  Datagram SealOne(const Bytes& packet) {
    std::vector<Datagram> datagrams = SealFromA(packet);
    EXPECT_EQ(datagrams.size(), 1);
    return std::move(datagrams.at(0));
  }
  // Gives B the bytes; returns what it wrote to TUN.
  std::vector<Bytes> GiveB(const Datagram& datagram) {
    pair_.b().FromWire(pair_.now(), pair_.FromA(), datagram.bytes, 0, datagram.tos);
    return pair_.b().TakeDelivered();
  }
  uint64_t Dropped(DropReason reason) { return pair_.b().Dropped(reason); }

  Pair pair_;
};

TEST_F(InboundTest, DeliversAPacketWithItsPaddingCutOff) {
  const Bytes packet = Pair::PacketFromA(57);
  const Datagram datagram = SealOne(packet);
  EXPECT_EQ(datagram.bytes.size(), 32 + 96);  // 20 + 8 + 57 = 85, padded to 96
  EXPECT_EQ(GiveB(datagram), std::vector<Bytes>{packet});
}

TEST_F(InboundTest, EveryFlippedBitIsRefusedAndTheGenuineMessageStillCounts) {
  const Bytes packet = Pair::PacketFromA(3);
  const Datagram genuine = SealOne(packet);
  for (size_t bit = 0; bit < genuine.bytes.size() * 8; ++bit) {
    Datagram tampered = genuine;
    tampered.bytes[bit / 8] = static_cast<uint8_t>(tampered.bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(GiveB(tampered).empty()) << "bit " << bit;
  }
  EXPECT_EQ(GiveB(genuine), std::vector<Bytes>{packet});
}

TEST_F(InboundTest, Rule2AForgedCounterFarAheadDoesNotMoveTheWindow) {
  const Bytes packet = Pair::PacketFromA(3);
  const Datagram genuine = SealOne(packet);
  Datagram forged = genuine;
  StoreLe64(forged.bytes.data() + 8, 1'000'000);
  EXPECT_TRUE(GiveB(forged).empty());
  EXPECT_EQ(Dropped(DropReason::kTransportInvalid), 1);
  EXPECT_EQ(GiveB(genuine), std::vector<Bytes>{packet});
}

TEST_F(InboundTest, AReplayIsCountedAndChangesNothing) {
  const Datagram datagram = SealOne(Pair::PacketFromA(3));
  EXPECT_EQ(GiveB(datagram).size(), 1);
  const DeviceStatus before =
      pair_.b().control().Status(pair_.now(), pair_.b().WallAt(pair_.now()));
  // From elsewhere: a replay must not steal the endpoint either.
  pair_.b().FromWire(pair_.now(), {*SocketAddress::Parse("203.0.113.66:666"), {}, 0},
                     datagram.bytes);
  EXPECT_TRUE(pair_.b().TakeDelivered().empty());
  EXPECT_EQ(Dropped(DropReason::kReplay), 1);
  const DeviceStatus after = pair_.b().control().Status(pair_.now(), pair_.b().WallAt(pair_.now()));
  EXPECT_EQ(after.peers[0].receive_bytes, before.peers[0].receive_bytes);
  EXPECT_EQ(after.peers[0].endpoint, before.peers[0].endpoint);
}

TEST_F(InboundTest, Rule3ACounterAtTheLimitIsRefused) {
  Datagram datagram = SealOne(Pair::PacketFromA(3));
  StoreLe64(datagram.bytes.data() + 8, kRejectAfterMessages);
  EXPECT_TRUE(GiveB(datagram).empty());
  EXPECT_EQ(Dropped(DropReason::kCounterLimit), 1);
}

TEST_F(InboundTest, Rule8AKeyIsDeadAt180Seconds) {
  const Datagram datagram = SealOne(Pair::PacketFromA(3));
  const Datagram late = SealOne(Pair::PacketFromA(4));
  const Instant created = pair_.now();
  pair_.b().FromWire(created + absl::Seconds(180) - absl::Nanoseconds(1), pair_.FromA(),
                     datagram.bytes);
  EXPECT_EQ(pair_.b().TakeDelivered().size(), 1);
  // Control has zeroed nothing yet; the deadline alone refuses.
  pair_.b().set_hold_control(true);
  pair_.b().FromWire(created + absl::Seconds(180), pair_.FromA(), late.bytes);
  EXPECT_TRUE(pair_.b().TakeDelivered().empty());
  EXPECT_EQ(Dropped(DropReason::kKeypairExpired), 1);
}

TEST_F(InboundTest, Rule10AnotherPeersMorePreciseSourceIsRefused) {
  // B gives one address out of A's prefix to somebody else: A may not use it any more.
  DeviceUpdate update;
  update.peers.push_back({.public_key = pair_.a().public_key(),
                          .allowed_ips = {{*Prefix::Parse("10.0.0.0/24"), false}}});
  crypto::PublicKey other{};
  other[0] = 9;
  update.peers.push_back(
      {.public_key = other, .allowed_ips = {{*Prefix::Parse("10.0.0.1/32"), false}}});
  ASSERT_TRUE(pair_.b().Apply(pair_.now(), update).ok());
  EXPECT_TRUE(GiveB(SealOne(Pair::PacketFromA(3))).empty());
  EXPECT_EQ(Dropped(DropReason::kSourceNotAllowed), 1);
  const Bytes allowed = BuildPacket({.source = TestAddress(IpFamily::kV4, 77), .payload_bytes = 3});
  EXPECT_EQ(GiveB(SealOne(allowed)).size(), 1);
}

TEST_F(InboundTest, AnInnerSourceThatBelongsToNobodyIsRefused) {
  EXPECT_TRUE(GiveB(SealOne(BuildPacket({.source = TestAddress(IpFamily::kV4, 99)}))).empty());
  EXPECT_EQ(Dropped(DropReason::kSourceNotAllowed), 1);
}

TEST_F(InboundTest, AKeepaliveIsCountedAndNotDelivered) {
  Pair pair({.keepalive_a = 5});
  ASSERT_TRUE(pair.SendFromA());
  const uint64_t before = pair.b().counters().keepalives_received.value();
  pair.Advance(absl::Seconds(6));
  EXPECT_EQ(pair.b().counters().keepalives_received.value(), before + 1);
  EXPECT_EQ(pair.b().DroppedTotal(), 0);
}

TEST_F(InboundTest, GarbageOfEveryKindRaisesItsOwnCounter) {
  const auto give = [&](Bytes bytes) { EXPECT_TRUE(GiveB({{}, 0, std::move(bytes)}).empty()); };
  give({1, 0, 0});
  EXPECT_EQ(Dropped(DropReason::kDatagramTooShort), 1);
  give(Bytes(100, 0x77));
  EXPECT_EQ(Dropped(DropReason::kUnknownMessageType), 1);
  Bytes reserved(148, 0);
  reserved[0] = 1;
  reserved[2] = 1;
  give(reserved);
  EXPECT_EQ(Dropped(DropReason::kUnknownMessageType), 2);
  Bytes long_initiation(149, 0);
  long_initiation[0] = 1;
  give(long_initiation);
  EXPECT_EQ(Dropped(DropReason::kMessageWrongLength), 1);
  Bytes unknown_index(64, 0);
  unknown_index[0] = 4;
  give(unknown_index);
  EXPECT_EQ(Dropped(DropReason::kUnknownReceiverIndex), 1);
  EXPECT_EQ(pair_.b().DroppedTotal(), 5);
}

TEST_F(InboundTest, Rule21ATruncatedDatagramIsDroppedAndTheNextOneIsNot) {
  const Datagram first = SealOne(Pair::PacketFromA(100));
  const Bytes packet = Pair::PacketFromA(101);
  const Datagram second = SealOne(packet);
  Bytes buffer_1 = first.bytes, buffer_2(64 + second.bytes.size());
  std::ranges::copy(second.bytes, buffer_2.begin() + 64);
  const ReceivedRun runs[] = {{Run::Of(buffer_1), pair_.FromA(), 0, true},
                              {Run::Of(std::span(buffer_2).subspan(64)), pair_.FromA(), 0, false}};
  pair_.b().inbound().Process(pair_.now(), runs);
  EXPECT_EQ(pair_.b().inbound().to_tun().writes.size(), 1);
  EXPECT_EQ(Dropped(DropReason::kDatagramTruncated), 1);
}

TEST_F(InboundTest, ATrainFromTheWireIsOpenedSegmentBySegment) {
  Bytes train;
  std::vector<Bytes> packets;
  for (size_t i = 0; i < 10; ++i) {
    packets.push_back(BuildPacket({.ip_id = static_cast<uint16_t>(i),
                                   .payload_bytes = 68,
                                   .payload_seed = static_cast<uint8_t>(i)}));
    const Datagram datagram = SealOne(packets.back());
    train.insert(train.end(), datagram.bytes.begin(), datagram.bytes.end());
  }
  train[5 * 128 + 20] ^= 1;  // the sixth segment is damaged
  pair_.b().FromWire(pair_.now(), pair_.FromA(), train, 128);
  packets.erase(packets.begin() + 5);
  EXPECT_EQ(pair_.b().TakeDelivered(), packets);
  EXPECT_EQ(Dropped(DropReason::kTransportInvalid), 1);
}

TEST_F(InboundTest, CongestionSeenOutsideReachesInside) {
  const Bytes packet = BuildPacket({.tos = 2, .payload_bytes = 10});  // ECT(0)
  Datagram datagram = SealOne(packet);
  EXPECT_EQ(datagram.tos, 2);
  datagram.tos = 3;  // a router met congestion
  EXPECT_EQ(GiveB(datagram), std::vector<Bytes>{BuildPacket({.tos = 3, .payload_bytes = 10})});
}

TEST_F(InboundTest, CongestionMarkedOnAPacketThatCannotSaySoIsDropped) {
  Datagram datagram = SealOne(BuildPacket({.tos = 0, .payload_bytes = 10}));
  datagram.tos = 3;
  EXPECT_TRUE(GiveB(datagram).empty());
  EXPECT_EQ(Dropped(DropReason::kEcnInvalid), 1);
}

TEST_F(InboundTest, NothingIsAcceptedWhileTheLinkIsDown) {
  const Datagram datagram = SealOne(Pair::PacketFromA(3));
  pair_.b().SetLinkUp(pair_.now(), false);
  EXPECT_TRUE(GiveB(datagram).empty());
  EXPECT_EQ(Dropped(DropReason::kDeviceDown), 1);
}

// The inner packet is the peer's to choose: what a hostile but authenticated peer may send.
class HostilePeerTest : public InboundTest {
 protected:
  // Seals bytes that no TUN device would hand over, under A's session.
  Datagram SealRaw(Bytes plaintext) {
    pair_.a().control();  // A is the initiator: its current session is the one to use
    PeerSlot* const peer = pair_.a().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 2));
    Keypair* const keypair = peer->current.load();
    const uint64_t counter = *keypair->ReserveCounters(1, 0);
    Bytes message(16 + plaintext.size() + 16);
    message[0] = 4;
    StoreLe32(message.data() + 4, keypair->remote_index());
    StoreLe64(message.data() + 8, counter);
    std::ranges::copy(plaintext, message.begin() + 16);
    const crypto::SealSegment segments[] = {{message.data() + 16, plaintext.size()}};
    crypto::AeadEngine().SealRun(keypair->send_key(), segments, counter);
    return {{}, 0, message};
  }
};

TEST_F(HostilePeerTest, AnInnerVersionThatIsNeither4Nor6IsCounted) {
  EXPECT_TRUE(GiveB(SealRaw(Bytes(32, 0x55))).empty());
  EXPECT_EQ(Dropped(DropReason::kInnerNotIp), 1);
}

TEST_F(HostilePeerTest, AnInnerLengthBeyondThePlaintextIsCounted) {
  Bytes packet = Pair::PacketFromA(40);
  packet.resize(48);
  EXPECT_TRUE(GiveB(SealRaw(packet)).empty());
  EXPECT_EQ(Dropped(DropReason::kInnerBadLength), 1);
  Bytes v6 = Pair::PacketFromA(40, IpFamily::kV6);
  v6[4] = 0xff;  // a payload length that would wrap 16 bits when 40 are added
  v6[5] = 0xff;
  EXPECT_TRUE(GiveB(SealRaw(v6)).empty());
  EXPECT_EQ(Dropped(DropReason::kInnerBadLength), 2);
}

TEST_F(HostilePeerTest, EveryTruncationOfAPacketIsRefusedOrDeliveredWhole) {
  const Bytes packet = Pair::PacketFromA(40);
  for (size_t size = 1; size < packet.size(); ++size) {
    EXPECT_TRUE(
        GiveB(SealRaw({packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size)})).empty())
        << size;
  }
  EXPECT_EQ(GiveB(SealRaw(packet)), std::vector<Bytes>{packet});
}

TEST_F(InboundTest, TheInitiatorAsksForARenewalOnReceiptOnceASession) {
  pair_.Advance(kRekeyOnReceiveAfterTime - absl::Seconds(1));
  PeerSlot* const peer = pair_.a().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 2));
  pair_.a().set_hold_control(true);
  const auto receive = [&] {
    pair_.b().FromTun(pair_.now(), Pair::PacketFromB(3));
    for (const Datagram& datagram : pair_.b().TakeDatagrams()) {
      pair_.a().FromWire(pair_.now(), pair_.FromB(), datagram.bytes);
    }
    EXPECT_EQ(pair_.a().TakeDelivered().size(), 1u);
    return (peer->pending_events.exchange(0) & kRekeyDue) != 0;
  };
  EXPECT_FALSE(receive()) << "too young";
  pair_.Advance(absl::Seconds(1));
  EXPECT_TRUE(receive());
  EXPECT_FALSE(receive()) << "it has been asked for";
  pair_.Advance(absl::Seconds(1));
  EXPECT_FALSE(receive());
}

// Under load every initiation is answered with a cookie, but a train of them has one source.
TEST(InboundCookieTest, ATrainOfOneSourceGetsOneReplyAndLeavesTheOthersTheirs) {
  const Instant now = Instant::FromNanoseconds(1'000'000'000);
  Node node(1);
  node.Start(now);
  node.shared().under_load_until_ns = (now + absl::Seconds(10)).nanoseconds();
  SeededRandom random(2);
  CookieGenerator macs(node.public_key());
  Bytes messages(65 * sizeof(InitiationMessage));
  for (size_t i = 0; i < 65; ++i) {
    const auto message =
        std::span(messages).subspan(i * sizeof(InitiationMessage), sizeof(InitiationMessage));
    random.Fill(message);
    StoreLe32(message.data(), kMessageInitiation);
    macs.AddMacs(message, now);
  }
  const Endpoint flooder{*SocketAddress::Parse("203.0.113.1:1"), {}, 0};
  const Endpoint honest{*SocketAddress::Parse("203.0.113.2:1"), {}, 0};
  const auto train = std::span(messages).first(64 * sizeof(InitiationMessage));
  const ReceivedRun runs[] = {
      {Run::Train(train, sizeof(InitiationMessage)), flooder},
      {Run::Of(std::span(messages).last(sizeof(InitiationMessage))), honest}};
  node.inbound().Process(now, runs);
  ASSERT_EQ(node.inbound().to_wire().size(), 2);
  EXPECT_EQ(node.inbound().to_wire()[0].to, flooder);
  EXPECT_EQ(node.inbound().to_wire()[1].to, honest);
  EXPECT_EQ(node.counters().cookie_replies_sent.value(), 2);
  // Of the train no more are looked at.
  EXPECT_EQ(node.Dropped(DropReason::kCookieRequired), 17);
  EXPECT_EQ(node.Dropped(DropReason::kSourceRateLimited), 48);
}

}  // namespace
}  // namespace ringwire
