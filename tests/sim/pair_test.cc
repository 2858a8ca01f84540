// Two gateways and their traffic: arrivals, a listener's view, endpoints, and counters.

#include "tests/support/pair.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

PeerStatus OnlyPeer(const Pair& pair, Node& node) {
  return node.control().Status(pair.now(), node.WallAt(pair.now())).peers.at(0);
}

Keypair& Current(Node& node, uint8_t peer_host) {
  return *node.shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, peer_host))->current.load();
}

// A link on which every datagram is under way until Tick().
class SlowLink {
 public:
  explicit SlowLink(Pair* pair) : pair_(pair) {
    pair_->set_filter([this](bool from_a, Datagram* datagram) {
      under_way_.emplace_back(from_a, *datagram);
      return false;
    });
  }
  // Datagrams sent before the last tick arrive; their results are under way.
  void Tick() {
    for (const auto& [from_a, datagram] : std::exchange(under_way_, {})) {
      Node& to = from_a ? pair_->b() : pair_->a();
      to.FromWire(pair_->now(), from_a ? pair_->FromA() : pair_->FromB(), datagram.bytes, 0,
                  datagram.tos);
    }
    pair_->Deliver();
  }

 private:
  Pair* const pair_;
  std::deque<std::pair<bool, Datagram>> under_way_;
};

TEST(PairTraffic, SizesFromNothingToBeyondTheMtuArriveUnchanged) {
  for (const bool outer_v6 : {false, true}) {
    Pair pair({.outer_v6 = outer_v6});
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      for (const size_t bytes : {0u, 1u, 15u, 16u, 17u, 56u, 1372u, 1392u, 9000u}) {
        EXPECT_TRUE(pair.SendFromA(bytes, family)) << bytes;
        EXPECT_TRUE(pair.SendFromB(bytes, family)) << bytes;
      }
    }
    EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
  }
}

TEST(PairTraffic, TenPingsAreCountedToTheByte) {
  Pair pair;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pair.SendFromA(56));  // with IP and UDP header as long as a ping: 84 bytes
    ASSERT_TRUE(pair.SendFromB(56));
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(OnlyPeer(pair, pair.a()).receive_bytes, 1372u);   // 92 + 10 * 128
  EXPECT_EQ(OnlyPeer(pair, pair.a()).transmit_bytes, 1428u);  // 148 + 10 * 128
  EXPECT_EQ(OnlyPeer(pair, pair.b()).receive_bytes, 1428u);
  EXPECT_EQ(OnlyPeer(pair, pair.b()).transmit_bytes, 1372u);
}

TEST(PairTraffic, AConfirmingKeepaliveIsCountedToo) {
  Pair pair({.keepalive_a = 25});
  pair.Deliver();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pair.SendFromA(56));
    ASSERT_TRUE(pair.SendFromB(56));
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(OnlyPeer(pair, pair.a()).receive_bytes, 1372u);
  EXPECT_EQ(OnlyPeer(pair, pair.a()).transmit_bytes, 1460u);  // and a keepalive of 32
}

TEST(PairTraffic, ARenewalUnderTrafficLosesNotOnePacket) {
  Pair pair;
  SlowLink link(&pair);
  size_t sent = 0;
  size_t to_a = 0;
  size_t to_b = 0;
  pair.SendFromA();
  // A round trip of 200 ms and ten packets a second each way, over four renewals.
  for (int tick = 0; tick < 5000; ++tick) {
    pair.Advance(absl::Milliseconds(100));
    link.Tick();
    if (tick < 10) continue;  // the first handshake
    ++sent;
    pair.a().FromTun(pair.now(), Pair::PacketFromA(100));
    pair.b().FromTun(pair.now(), Pair::PacketFromB(100));
    pair.Deliver();
    to_a += pair.a().TakeDelivered().size();
    to_b += pair.b().TakeDelivered().size();
  }
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 5u);
  EXPECT_EQ(to_a, sent - 1);      // the last one is under way
  EXPECT_EQ(to_b, sent - 1 + 1);  // and the very first came before
  EXPECT_EQ(pair.a().DroppedTotal() + pair.b().DroppedTotal(), 0u);
}

TEST(PairTraffic, WorksWithThePlanesApart) {
  // The worker continues while control is busy: its events and handshakes wait, packets are staged.
  Pair pair;
  pair.a().set_hold_control(true);
  pair.b().set_hold_control(true);
  EXPECT_FALSE(pair.SendFromA());
  pair.a().set_hold_control(false);
  pair.Advance(absl::Milliseconds(1));
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 0u);
  pair.b().set_hold_control(false);
  pair.a().set_hold_commands(true);
  pair.Advance(absl::Milliseconds(1));
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageTransport), 0u);
  pair.a().set_hold_commands(false);
  pair.a().RunCommands(pair.now());
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
}

TEST(PairWiretap, EveryMessageLooksLikeWireGuards) {
  Pair pair({.preshared_key = true});
  pair.b().shared().under_load_until_ns.store((pair.now() + absl::Seconds(1)).nanoseconds());
  pair.SendFromA(1000);
  pair.Advance(absl::Seconds(10));
  for (size_t bytes = 0; bytes < 200; ++bytes) pair.SendFromB(bytes);
  pair.Advance(absl::Seconds(30));
  size_t count[5] = {};
  for (const Pair::Seen& seen : pair.wiretap()) {
    const Bytes& bytes = seen.datagram.bytes;
    ASSERT_GE(bytes.size(), 32u);
    ASSERT_TRUE(seen.type() >= 1 && seen.type() <= 4);
    ++count[seen.type()];
    EXPECT_EQ(bytes[1] | bytes[2] | bytes[3], 0);
    const bool is_handshake = seen.type() <= kMessageResponse;
    EXPECT_EQ(seen.datagram.tos, is_handshake ? kHandshakeTos : 0);
    switch (seen.type()) {
      case kMessageInitiation:
        EXPECT_EQ(bytes.size(), 148u);
        break;
      case kMessageResponse:
        EXPECT_EQ(bytes.size(), 92u);
        break;
      case kMessageCookieReply:
        EXPECT_EQ(bytes.size(), 64u);
        break;
      default:
        EXPECT_EQ(bytes.size() % kPaddingMultiple, 0u);
    }
  }
  for (uint32_t type = 1; type <= 4; ++type) EXPECT_GE(count[type], 1u) << type;
}

TEST(PairWiretap, ThePacketIsNotInTheMessage) {
  Pair pair;
  const Bytes packet = Pair::PacketFromA(1000);
  ASSERT_TRUE(pair.SendFromA(1000));
  for (const Pair::Seen& seen : pair.wiretap()) {
    const Bytes& bytes = seen.datagram.bytes;
    for (size_t at = 0; at + 8 <= packet.size(); at += 8) {
      EXPECT_TRUE(std::ranges::search(bytes, std::span(packet).subspan(at, 8)).empty());
    }
  }
}

TEST(Roaming, FollowsAddressPortAndFamily) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  for (const char* text : {"192.0.2.1:40000", "198.51.100.7:40000", "[2001:db8::7]:40001"}) {
    pair.address_a = *SocketAddress::Parse(text);
    EXPECT_FALSE(pair.SendFromB()) << text;  // to where A was
    EXPECT_TRUE(pair.SendFromA()) << text;
    EXPECT_TRUE(pair.SendFromB()) << text;
    EXPECT_EQ(OnlyPeer(pair, pair.b()).endpoint, pair.address_a);
  }
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
}

TEST(Roaming, AKeepaliveIsEnough) {
  Pair pair({.keepalive_a = 5});
  pair.Deliver();
  pair.address_a.port = 40000;
  pair.Advance(absl::Seconds(5));
  EXPECT_EQ(OnlyPeer(pair, pair.b()).endpoint, pair.address_a);
}

TEST(Roaming, NeverFollowsAReplay) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  const Endpoint stranger{*SocketAddress::Parse("203.0.113.66:666"), {}, 0};
  for (const Pair::Seen& seen : std::vector<Pair::Seen>(pair.wiretap())) {
    Node& to = seen.from_a ? pair.b() : pair.a();
    to.FromWire(pair.now(), stranger, seen.datagram.bytes);
  }
  pair.Deliver();
  EXPECT_EQ(OnlyPeer(pair, pair.a()).endpoint, pair.address_b);
  EXPECT_EQ(OnlyPeer(pair, pair.b()).endpoint, pair.address_a);
  EXPECT_EQ(pair.b().Dropped(DropReason::kReplay), 1u);
  EXPECT_EQ(pair.b().Dropped(DropReason::kInitiationReplayed), 1u);
  EXPECT_EQ(pair.a().Dropped(DropReason::kResponseUnknownIndex), 1u);
}

TEST(Roaming, NeverFollowsACookieReply) {
  Pair pair;
  pair.b().shared().under_load_until_ns.store((pair.now() + absl::Seconds(1)).nanoseconds());
  Bytes cookie_reply;
  pair.set_filter([&](bool, Datagram* datagram) {
    if (datagram->bytes[0] != kMessageCookieReply) return true;
    cookie_reply = datagram->bytes;
    return false;
  });
  EXPECT_FALSE(pair.SendFromA());
  ASSERT_EQ(cookie_reply.size(), sizeof(CookieReplyMessage));
  pair.a().FromWire(pair.now(), {*SocketAddress::Parse("203.0.113.66:666"), {}, 0}, cookie_reply);
  EXPECT_EQ(pair.a().DroppedTotal(), 0u);  // genuine, and taken
  EXPECT_EQ(OnlyPeer(pair, pair.a()).endpoint, pair.address_b);
}

TEST(Rule3, ASpentKeySendsNothingMoreAndIsRenewed) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  Current(pair.a(), 2).SetSendCounterForTest(kRejectAfterMessages);
  pair.ClearWiretap();
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(pair.a().Dropped(DropReason::kCounterLimit), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 0u);  // five seconds since the last one
  pair.Advance(kRekeyTimeout);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
  EXPECT_TRUE(pair.SendFromA());
}

TEST(Rule3, TheResponderRenewsByCountToo) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(10));
  Current(pair.b(), 1).SetSendCounterForTest(kRekeyAfterMessages);
  pair.ClearWiretap();
  EXPECT_TRUE(pair.SendFromB());
  ASSERT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
  EXPECT_FALSE(pair.LastOnWire(kMessageInitiation)->from_a);
  EXPECT_TRUE(pair.SendFromB());
  EXPECT_TRUE(pair.SendFromA());
}

TEST(Rule10, APacketWithAnotherPeersSourceGoesNoFurther) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  const Bytes spoofed = BuildPacket({.source = TestAddress(IpFamily::kV4, 3), .payload_bytes = 56});
  pair.b().TakeDelivered();
  pair.a().FromTun(pair.now(), spoofed);
  pair.Deliver();
  EXPECT_TRUE(pair.b().TakeDelivered().empty());
  EXPECT_EQ(pair.b().Dropped(DropReason::kSourceNotAllowed), 1u);
}

TEST(Rule25, APacketForNobodyIsAnsweredByTheGateway) {
  Pair pair;
  pair.a().FromTun(
      pair.now(), BuildPacket({.destination = TestAddress(IpFamily::kV4, 9), .payload_bytes = 56}));
  const std::vector<Bytes> answers = pair.a().TakeDelivered();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0][9], 1);   // ICMP
  EXPECT_EQ(answers[0][20], 3);  // destination unreachable
  EXPECT_EQ(pair.a().Dropped(DropReason::kNoPeerForDestination), 1u);
}

TEST(PeerRemoval, StopsTrafficAtOnce) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  DeviceUpdate update;
  update.replace_peers = true;
  ASSERT_TRUE(pair.b().Apply(pair.now(), update).ok());
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(pair.b().Dropped(DropReason::kUnknownReceiverIndex), 1u);
  pair.ClearWiretap();
  EXPECT_FALSE(pair.SendFromB());
  EXPECT_TRUE(pair.wiretap().empty());
}

TEST(LinkDown, ForgetsTheSessionsAndUpStartsAfresh) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.a().SetLinkUp(pair.now(), false);
  pair.ClearWiretap();
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(absl::Seconds(30));
  EXPECT_EQ(pair.a().shared().index_table.reserved_count(), 0u);
  for (const Pair::Seen& seen : pair.wiretap()) EXPECT_FALSE(seen.from_a);
  pair.a().SetLinkUp(pair.now(), true);
  EXPECT_TRUE(pair.SendFromA());
}

}  // namespace
}  // namespace ringwire
