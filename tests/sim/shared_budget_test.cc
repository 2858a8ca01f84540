// Some peers use up what all peers of a gateway share: every other peer must still get its session.
// core/base/limits.h says for each limit why that holds; these tests fill each limit that others
// can fill.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/base/limits.h"
#include "core/noise/cookie.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/support/node.h"
#include "tests/support/packet_builder.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

// The gateway is host 1 inside and outside, the honest peer host 2. Strangers are peers of the
// gateway that never answer. The test carries datagrams between gateway and peer by hand.
class SharedBudgetTest : public ::testing::Test {
 protected:
  SharedBudgetTest() {
    gateway_.Start(now_);
    honest_.Start(now_);
    Add(gateway_, {{.public_key = honest_.public_key(),
                    .endpoint = Outside(2),
                    .allowed_ips = {{Prefix::Of(Inside(2), 32), false}}}});
    Add(honest_, {{.public_key = gateway_.public_key(),
                   .endpoint = Outside(1),
                   .allowed_ips = {{Prefix::Of(Inside(1), 32), false}}}});
  }

  static IpAddress Inside(uint8_t host) { return TestAddress(IpFamily::kV4, host); }
  static SocketAddress Outside(uint8_t host) {
    return {IpAddress::V4(std::array<uint8_t, 4>{192, 0, 2, host}), 51820};
  }
  static IpAddress Numbered(uint8_t network, size_t i) {
    return IpAddress::V4(std::array<uint8_t, 4>{network, static_cast<uint8_t>(i >> 16),
                                                static_cast<uint8_t>(i >> 8),
                                                static_cast<uint8_t>(i)});
  }
  static IpAddress StrangerInside(size_t i) { return Numbered(11, i); }

  void Add(Node& node, std::vector<PeerUpdate> peers) {
    DeviceUpdate update;
    update.peers = std::move(peers);
    ASSERT_TRUE(node.Apply(now_, update).ok());
  }
  void AddStrangers(size_t count) {
    std::vector<PeerUpdate> peers(count);
    for (size_t i = 0; i < count; ++i) {
      random_.Fill(peers[i].public_key);
      peers[i].endpoint = SocketAddress{Numbered(12, i), 51820};
      peers[i].allowed_ips.push_back({Prefix::Of(StrangerInside(i), 32), false});
    }
    Add(gateway_, std::move(peers));
  }
  void SendTo(const IpAddress& destination, size_t payload_bytes) {
    Bytes& packet = packets_[payload_bytes];
    if (packet.empty()) packet = BuildPacket({.payload_bytes = payload_bytes});
    std::copy_n(destination.bytes.begin(), 4, packet.begin() + 16);
    gateway_.FromTun(now_, packet);
  }

  // Carries datagrams between gateway and peer until both are silent; all others are lost.
  void Exchange() {
    for (int round = 0; round < 10; ++round) {
      for (const Datagram& datagram : gateway_.TakeDatagrams()) {
        if (datagram.to.remote == Outside(2)) Carry(1, honest_, datagram.bytes);
      }
      for (const Datagram& datagram : honest_.TakeDatagrams()) Carry(2, gateway_, datagram.bytes);
    }
  }
  void Carry(uint8_t from, Node& to, const Bytes& message) {
    to.FromWire(now_, {Outside(from), IpAddress(), 0}, message);
  }
  void ReleaseControl() {
    gateway_.set_hold_control(false);
    gateway_.RunControl(now_);
  }
  // Initiations that a worker accepts, from as many sources.
  void FloodWithInitiations(size_t sources) {
    Bytes forged(sizeof(InitiationMessage));
    random_.Fill(forged);
    StoreLe32(forged.data(), kMessageInitiation);
    CookieGenerator(gateway_.public_key()).AddMacs(forged, now_);
    for (size_t i = 0; i < sources; ++i) {
      gateway_.FromWire(now_, {{Numbered(13, i), 51820}, IpAddress(), 0}, forged);
    }
  }
  // Large packets for strangers, so that few fill the pool.
  void FillStagedPool() {
    constexpr size_t kPayloadBytes = 60'000;
    constexpr size_t kPackets = kStagedBytesPerPeerMax / kPayloadBytes + 1;
    for (size_t i = 0; i * kPackets * kPayloadBytes <= 2 * kStagedPoolBytes; ++i) {
      for (size_t packet = 0; packet < kPackets; ++packet) {
        SendTo(StrangerInside(i), kPayloadBytes);
      }
    }
    EXPECT_GT(gateway_.shared().staged_pool.used(), kStagedPoolBytes - 2 * kPayloadBytes);
    EXPECT_GT(gateway_.Dropped(DropReason::kStagedPoolFull), 0u);
    EXPECT_GT(gateway_.Dropped(DropReason::kStagedQueueFull), 0u);
  }
  // The gateway reaches the peer, with which it had no session.
  void ExpectGatewayReachesPeer() {
    SendTo(Inside(2), 56);
    ReleaseControl();
    Exchange();
    EXPECT_EQ(honest_.TakeDelivered().size(), 1u) << "no session";
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SeededRandom random_{9};
  std::map<size_t, Bytes> packets_;  // by their payload; made once, as the large ones take long
  Node gateway_{1}, honest_{2};
};

TEST_F(SharedBudgetTest, PacketsThatWaitForOthersKeepNobodyFromASession) {
  AddStrangers(120);
  FillStagedPool();
  ExpectGatewayReachesPeer();
}

TEST_F(SharedBudgetTest, PacketsThatWaitForOthersAreNotLostToASessionThatIsMadeMeanwhile) {
  AddStrangers(120);
  gateway_.set_hold_control(true);
  SendTo(Inside(2), 56);
  FillStagedPool();
  ReleaseControl();
  Exchange();
  EXPECT_EQ(honest_.TakeDelivered().size(), 1u) << "the first packet made room for others";
}

TEST_F(SharedBudgetTest, EventsOfOthersDisplaceNobodysEvent) {
  AddStrangers(kEventQueueMax + 1);
  gateway_.set_hold_control(true);
  for (size_t i = 0; i <= kEventQueueMax; ++i) {
    gateway_.link().Raise(*gateway_.shared().allowed_ips.Lookup(StrangerInside(i)), kActivity);
  }
  EXPECT_EQ(gateway_.link().events.size(), kEventQueueMax);
  ExpectGatewayReachesPeer();
}

// More messages than control's queue holds, each from another source.
TEST_F(SharedBudgetTest, AFloodOfInitiationsCostsAPeerACookieAndNoMore) {
  gateway_.set_hold_control(true);
  FloodWithInitiations(kLoadSourcesMax + kLoadSourcesMax / 4);
  EXPECT_GT(gateway_.counters().cookie_replies_withheld.value(), 0u);
  EXPECT_LT(gateway_.link().handshakes.size(), kHandshakeQueueMax) << "none is left for cookies";
  (void)gateway_.TakeDatagrams();
  const Bytes packet = BuildPacket({.source = Inside(2), .destination = Inside(1)});
  honest_.FromTun(now_, packet);
  Exchange();  // an initiation, and a cookie for it

  now_ = now_ + kRekeyTimeout + kRekeyTimeoutJitterMax;
  FloodWithInitiations(2 * kHandshakeQueueMax);
  (void)gateway_.TakeDatagrams();
  honest_.RunControl(now_);
  Exchange();
  ReleaseControl();
  Exchange();
  EXPECT_EQ(gateway_.TakeDelivered(), std::vector<Bytes>{packet});
}

}  // namespace
}  // namespace ringwire
