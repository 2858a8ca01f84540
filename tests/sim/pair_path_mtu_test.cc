// Two gateways on a path that drops large datagrams and says nothing about it (docs/path_mtu.md).

#include <algorithm>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/support/pair.h"

namespace ringwire {
namespace {

constexpr size_t kIcmpV4CodeOffset = 21;
constexpr size_t kIcmpV4MtuOffset = 26;

// The link carries datagrams whose packets have at most this many bytes.
std::function<bool(bool, Datagram*)> Narrow(size_t packet_bytes) {
  return [packet_bytes](bool /*from_a*/, Datagram* datagram) {
    return datagram->bytes.size() <= packet_bytes + kTransportOverheadBytes;
  };
}

uint32_t LimitOfA(Pair& pair) {
  return pair.a().control().Status(pair.now(), absl::UnixEpoch()).peers.at(0).path_mtu;
}

// Sends full packets with DF for a while, as TCP does that gets no answer.
void SendLarge(Pair& pair, absl::Duration duration) {
  const Instant end = pair.now() + duration;
  while (pair.now() < end) {
    (void)pair.SendFromA(1392);
    pair.Advance(absl::Seconds(1));
  }
}

TEST(PairPathMtu, ANarrowPathWithoutIcmpIsNoBlackHole) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  EXPECT_FALSE(pair.SendFromA(1392));
  SendLarge(pair, absl::Seconds(5));
  EXPECT_NE(LimitOfA(pair), 0u);
  SendLarge(pair, absl::Seconds(20));
  EXPECT_EQ(LimitOfA(pair), 1328u);

  // The sender hears of it,
  pair.a().TakeDelivered();
  pair.a().FromTun(pair.now(), Pair::PacketFromA(1392));
  const std::vector<std::vector<uint8_t>> told = pair.a().TakeDelivered();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0][kIcmpV4CodeOffset], 4) << "fragmentation needed";
  EXPECT_EQ(LoadBe16(told[0].data() + kIcmpV4MtuOffset), 1328u);
  // and a packet of that size arrives.
  EXPECT_TRUE(pair.SendFromA(1300));
}

TEST(PairPathMtu, AV6SenderIsToldNoLessThanItsLeastMtu) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1210));
  SendLarge(pair, absl::Seconds(30));
  ASSERT_LT(LimitOfA(pair), kLeastMtu);
  pair.a().TakeDelivered();
  pair.a().FromTun(pair.now(), Pair::PacketFromA(1300, IpFamily::kV6));
  const std::vector<std::vector<uint8_t>> told = pair.a().TakeDelivered();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0][40], 2) << "packet too big";
  EXPECT_EQ(LoadBe32(told[0].data() + 44), kLeastMtu);
}

TEST(PairPathMtu, APacketThatMayBeCutIsCut) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  SendLarge(pair, absl::Seconds(30));
  pair.b().TakeDelivered();
  pair.a().FromTun(pair.now(), BuildPacket({.dont_fragment = false, .payload_bytes = 1392}));
  pair.Deliver();
  size_t payload = 0;
  for (const std::vector<uint8_t>& fragment : pair.b().TakeDelivered()) {
    EXPECT_LE(fragment.size(), 1328u);
    EXPECT_TRUE(PlainIsValid(fragment));
    payload += fragment.size() - 20;
  }
  EXPECT_EQ(payload, 1400u) << "UDP's header and payload";
}

TEST(PairPathMtu, TcpConnectionsBeginWithAnMssThatFits) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  SendLarge(pair, absl::Seconds(30));
  const PacketSpec syn{
      .kind = PacketKind::kTcp, .tcp_flags = TcpFlag::kSyn, .tcp_options = {2, 4, 0x05, 0x64}};
  PacketSpec back = syn;
  back.source = TestAddress(IpFamily::kV4, 2);
  back.destination = TestAddress(IpFamily::kV4, 1);
  pair.a().TakeDelivered();
  pair.b().TakeDelivered();
  pair.a().FromTun(pair.now(), BuildPacket(syn));
  pair.b().FromTun(pair.now(), BuildPacket(back));
  pair.Deliver();
  for (Node* node : {&pair.a(), &pair.b()}) {
    const std::vector<std::vector<uint8_t>> delivered = node->TakeDelivered();
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_EQ(LoadBe16(delivered[0].data() + 42), 1328 - 40);
    EXPECT_TRUE(PlainIsValid(delivered[0]));
  }
}

TEST(PairPathMtu, GoesBackUpWhenThePathWidens) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  SendLarge(pair, absl::Seconds(30));
  ASSERT_EQ(LimitOfA(pair), 1328u);
  pair.set_filter({});
  const Instant end = pair.now() + absl::Minutes(12);
  while (pair.now() < end) {
    ASSERT_TRUE(pair.SendFromA(1290));
    pair.Advance(absl::Seconds(5));
  }
  EXPECT_EQ(LimitOfA(pair), 0u);
  EXPECT_TRUE(pair.SendFromA(1392));
}

TEST(PairPathMtu, AnotherAddressOfThePeerIsAnotherPath) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  SendLarge(pair, absl::Seconds(30));
  ASSERT_NE(LimitOfA(pair), 0u);
  pair.set_filter({});
  pair.address_b = *SocketAddress::Parse("198.51.100.7:51820");
  ASSERT_TRUE(pair.SendFromB());
  EXPECT_EQ(LimitOfA(pair), 0u);
  EXPECT_TRUE(pair.SendFromA(1392));
}

TEST(PairPathMtu, AGatewayOfAnotherKindIsNoBlackHoleEither) {
  Pair pair({.b_answers_probes = false});
  ASSERT_TRUE(pair.SendFromA());
  pair.set_filter(Narrow(1340));
  // B answers the three small probes with keepalives; then 15 s of silence, and 12 s for a
  // keepalive.
  SendLarge(pair, absl::Seconds(30));
  EXPECT_EQ(LimitOfA(pair), 0u);
  SendLarge(pair, absl::Seconds(30));
  EXPECT_EQ(LimitOfA(pair), PeerPath::kFloorBytes);
  EXPECT_TRUE(pair.SendFromA(1100));
}

TEST(PairPathMtu, SmallPacketsDrawNoProbe) {
  Pair pair;
  for (int second = 0; second < 100; ++second) {
    ASSERT_TRUE(pair.SendFromA(1000));
    ASSERT_TRUE(pair.SendFromB(1000));
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(pair.a().control_counters().path_probes_sent.value(), 0u);
  EXPECT_EQ(pair.b().control_counters().path_probes_sent.value(), 0u);
}

TEST(PairPathMtu, ALossyPathIsNotNarrow) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  SeededRandom random(11);
  pair.set_filter([&random](bool, Datagram*) { return random.Uint32() % 10 != 0; });
  SendLarge(pair, absl::Minutes(10));
  EXPECT_EQ(LimitOfA(pair), 0u);
}

}  // namespace
}  // namespace ringwire
