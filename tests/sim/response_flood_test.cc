// A gateway under a flood of forged responses, which anybody with its public key can make: its own
// handshakes and those of its other peers must not suffer (rule 12).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/support/nodes_by_hand.h"
#include "tests/support/packet_builder.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

// The gateway (host 1 inside) initiates to the server (host 2); the third (host 3) initiates to the
// gateway. The test carries their datagrams by hand.
class ResponseFloodTest : public NodesByHandTest {
 protected:
  static constexpr uint8_t kGateway = 1, kServer = 2, kThird = 3;

  ResponseFloodTest() {
    for (Node* node : {&gateway_, &server_, &third_}) node->Start(now_);
    AddPeer(now_, gateway_, server_, kServer);
    AddPeer(now_, gateway_, third_, kThird);
    AddPeer(now_, server_, gateway_, kGateway);
    AddPeer(now_, third_, gateway_, kGateway);
  }

  static Bytes Packet(uint8_t from, uint8_t to) {
    return BuildPacket({.family = IpFamily::kV4,
                        .source = TestAddress(IpFamily::kV4, from),
                        .destination = TestAddress(IpFamily::kV4, to)});
  }
  void Carry(uint8_t from, Node& to, const Bytes& message) {
    to.FromWire(now_, {AddressOf(from), IpAddress(), 0}, message);
  }
  // The first message of this type that the node wants sent to that host; the rest is lost.
  static std::optional<Bytes> Take(Node& node, uint8_t type, uint8_t to) {
    for (Datagram& datagram : node.TakeDatagrams()) {
      if (datagram.bytes[0] == type && datagram.to.remote == AddressOf(to)) {
        return std::move(datagram.bytes);
      }
    }
    return std::nullopt;
  }
  // Enough forged responses to fill the queue twice, while control does not run.
  void Flood(std::optional<uint32_t> index) {
    CookieGenerator macs(gateway_.public_key());
    for (size_t i = 0; i < 2 * kHandshakeQueueMax; ++i) {
      Bytes forged(sizeof(ResponseMessage));
      random_.Fill(forged);
      StoreLe32(forged.data(), kMessageResponse);
      if (index) StoreLe32(forged.data() + offsetof(ResponseMessage, receiver_index), *index);
      macs.AddMacs(forged, now_);
      Carry(66, gateway_, forged);
    }
  }
  void ReleaseControl() {
    gateway_.set_hold_control(false);
    gateway_.RunControl(now_);
  }
  static uint32_t SenderOf(const Bytes& initiation) { return LoadLe32(initiation.data() + 4); }

  // The third initiates during a flood; `answer` is the gateway's reply.
  void ThirdInitiates() {
    third_.FromTun(now_, Packet(kThird, kGateway));
    const std::optional<Bytes> initiation = Take(third_, kMessageInitiation, kGateway);
    ASSERT_TRUE(initiation);
    Carry(kThird, gateway_, *initiation);
  }
  // It is answered, and its packet arrives.
  void ExpectThirdIsServed(const std::vector<Datagram>& sent) {
    for (const Datagram& datagram : sent) {
      if (datagram.to.remote == AddressOf(kThird)) Carry(kGateway, third_, datagram.bytes);
    }
    const std::optional<Bytes> data = Take(third_, kMessageTransport, kGateway);
    ASSERT_TRUE(data) << "no session";
    Carry(kThird, gateway_, *data);
    const std::vector<Bytes> delivered = gateway_.TakeDelivered();
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_EQ(delivered[0], Packet(kThird, kGateway));
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SeededRandom random_{4};
  Node gateway_{1}, server_{2}, third_{3};
};

TEST_F(ResponseFloodTest, WithRandomIndicesNobodyNotices) {
  gateway_.FromTun(now_, Packet(kGateway, kServer));
  Carry(kGateway, server_, *Take(gateway_, kMessageInitiation, kServer));
  const std::optional<Bytes> genuine = Take(server_, kMessageResponse, kGateway);
  ASSERT_TRUE(genuine);

  gateway_.set_hold_control(true);
  Flood(std::nullopt);
  ThirdInitiates();
  Carry(kServer, gateway_, *genuine);
  Flood(std::nullopt);
  ReleaseControl();
  const std::vector<Datagram> sent = gateway_.TakeDatagrams();
  EXPECT_EQ(gateway_.Dropped(DropReason::kResponseUnknownIndex), 4 * kHandshakeQueueMax);
  EXPECT_EQ(gateway_.Dropped(DropReason::kCookieRequired), 0u);
  for (const Datagram& datagram : sent) {
    if (datagram.to.remote == AddressOf(kServer)) Carry(kGateway, server_, datagram.bytes);
  }
  const std::vector<Bytes> delivered = server_.TakeDelivered();
  ASSERT_EQ(delivered.size(), 1u) << "the genuine response was lost";
  EXPECT_EQ(delivered[0], Packet(kGateway, kServer));
  ExpectThirdIsServed(sent);
}

TEST_F(ResponseFloodTest, WithTheTrueIndexOnlyThatHandshakeIsAskedForACookie) {
  gateway_.FromTun(now_, Packet(kGateway, kServer));
  std::optional<Bytes> initiation = Take(gateway_, kMessageInitiation, kServer);
  ASSERT_TRUE(initiation);
  Carry(kGateway, server_, *initiation);
  std::optional<Bytes> genuine = Take(server_, kMessageResponse, kGateway);
  ASSERT_TRUE(genuine);

  gateway_.set_hold_control(true);
  Flood(SenderOf(*initiation));
  (void)gateway_.TakeDatagrams();  // cookie replies to the flooder
  Carry(kServer, gateway_, *genuine);
  const std::optional<Bytes> cookie = Take(gateway_, kMessageCookieReply, kServer);
  ASSERT_TRUE(cookie);
  Carry(kGateway, server_, *cookie);
  EXPECT_EQ(server_.DroppedTotal(), 0u);
  ThirdInitiates();
  ReleaseControl();
  ExpectThirdIsServed(gateway_.TakeDatagrams());

  // The next attempt, which the attacker has seen too.
  now_ = now_ + kRekeyTimeout + kRekeyTimeoutJitterMax;
  gateway_.RunControl(now_);
  initiation = Take(gateway_, kMessageInitiation, kServer);
  ASSERT_TRUE(initiation);
  Carry(kGateway, server_, *initiation);
  genuine = Take(server_, kMessageResponse, kGateway);
  ASSERT_TRUE(genuine);
  gateway_.set_hold_control(true);
  Flood(SenderOf(*initiation));
  Carry(kServer, gateway_, *genuine);
  (void)gateway_.TakeDatagrams();
  ReleaseControl();
  for (const Datagram& datagram : gateway_.TakeDatagrams()) {
    if (datagram.to.remote == AddressOf(kServer)) Carry(kGateway, server_, datagram.bytes);
  }
  const std::vector<Bytes> delivered = server_.TakeDelivered();
  ASSERT_EQ(delivered.size(), 1u) << "the genuine response was lost";
  EXPECT_EQ(delivered[0], Packet(kGateway, kServer));
}

}  // namespace
}  // namespace ringwire
