#include "core/control/warm_restart.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/endian.h"
#include "core/noise/keypair.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

const Instant kNow = Instant() + absl::Hours(1);
const absl::Time kWall = absl::FromUnixSeconds(1'800'000'000);

crypto::PublicKey Key(uint8_t n) {
  crypto::PublicKey key{};
  key[0] = n;
  return key;
}
LiveEndpoint LiveOf(uint8_t peer, absl::Duration age) {
  return {Key(1), Key(peer), *SocketAddress::Parse("192.0.2." + std::to_string(peer) + ":7"),
          kWall - age};
}

TEST(WarmRestartTest, GivesOutWhereAPeerWas) {
  WarmRestart warm;
  const LiveEndpoint live = LiveOf(2, absl::Seconds(10));
  warm.Restore(kNow, kWall, {&live, 1});
  EXPECT_EQ(warm.Add(kNow, Key(1), Key(3), {3, 1}), std::nullopt);
  EXPECT_EQ(warm.Add(kNow, Key(9), Key(2), {2, 1}), std::nullopt) << "another key of ours";
  EXPECT_EQ(warm.Add(kNow, Key(1), Key(2), {2, 1}), live.endpoint);
  EXPECT_EQ(warm.Add(kNow, Key(1), Key(2), {2, 2}), std::nullopt) << "once";
}

TEST(WarmRestartTest, ThreeMinutesAreTooLong) {
  WarmRestart warm;
  const std::vector<LiveEndpoint> live = {
      LiveOf(2, absl::Seconds(180)), LiveOf(3, absl::Seconds(170)), LiveOf(4, -absl::Seconds(5))};
  warm.Restore(kNow, kWall, live);
  EXPECT_EQ(warm.Add(kNow, Key(1), Key(2), {2, 1}), std::nullopt);
  EXPECT_EQ(warm.Add(kNow, Key(1), Key(4), {4, 1}), std::nullopt) << "the clock was set back";
  EXPECT_EQ(warm.Add(kNow + absl::Seconds(10), Key(1), Key(3), {3, 1}), std::nullopt);
}

TEST(WarmRestartTest, APeerThatIsNeverAddedIsForgotten) {
  WarmRestart warm;
  EXPECT_TRUE(warm.due().IsInfiniteFuture());
  const std::vector<LiveEndpoint> live = {LiveOf(2, absl::Seconds(10)),
                                          LiveOf(3, absl::Seconds(10))};
  warm.Restore(kNow, kWall, live);
  ASSERT_TRUE(warm.Add(kNow, Key(1), Key(2), {2, 1}));
  const Instant due = warm.due();
  EXPECT_EQ(due, kNow + absl::Minutes(3));
  warm.DropOld(due - absl::Nanoseconds(1));
  EXPECT_EQ(warm.due(), due);
  warm.DropOld(due);
  EXPECT_TRUE(warm.due().IsInfiniteFuture());
}

TEST(WarmRestartTest, NothingIsDueOnceAllAreAdded) {
  WarmRestart warm;
  const LiveEndpoint live = LiveOf(2, absl::Seconds(10));
  warm.Restore(kNow, kWall, {&live, 1});
  ASSERT_TRUE(warm.Add(kNow, Key(1), Key(2), {2, 1}));
  EXPECT_TRUE(warm.due().IsInfiniteFuture());
}

TEST(WarmRestartTest, TheOneHeardLastComesFirst) {
  WarmRestart warm;
  std::vector<LiveEndpoint> live;
  for (uint8_t i = 2; i < 6; ++i) live.push_back(LiveOf(i, absl::Seconds(i == 4 ? 1 : 20 * i)));
  warm.Restore(kNow, kWall, live);
  for (uint8_t i = 2; i < 6; ++i) ASSERT_TRUE(warm.Add(kNow, Key(1), Key(i), {i, 1}));
  std::vector<uint32_t> order;
  for (const PeerId id : warm.TakeDue(kNow)) order.push_back(id.index);
  EXPECT_EQ(order, (std::vector<uint32_t>{4, 2, 3, 5}));
  EXPECT_TRUE(warm.TakeDue(kNow).empty());
}

// The second life of a gateway starts with the endpoints that the first one returned.
class WarmRestartOfAGatewayTest : public testing::Test {
 protected:
  WarmRestartOfAGatewayTest() { pair_.Connect(); }

  void Reborn(std::span<const LiveEndpoint> alive) {
    reborn_.control->Resume(pair_.now, reborn_.WallAt(pair_.now), alive);
    DeviceUpdate update;
    update.private_key = pair_.b.private_key;
    PeerUpdate peer = pair_.a.AsPeer();
    peer.endpoint.reset();
    update.peers.push_back(peer);
    ASSERT_TRUE(reborn_.Apply(pair_.now, update).ok());
    reborn_.SetLinkUp(pair_.now, true);
    reborn_.RunTimers(pair_.now);
  }

  ControlPair pair_{1, true, {}, ControlOptions{.has_aes = false, .keeps_endpoints = true}};
  ControlNode reborn_{77, "192.0.2.2:51820", "10.0.0.2"};
};

TEST_F(WarmRestartOfAGatewayTest, ItInitiatesToThePeerThatWasAlive) {
  const StampChanges changes = pair_.b.control->TakeStampChanges(false);
  ASSERT_EQ(changes.alive.size(), 1U);
  EXPECT_EQ(changes.alive[0].peer_public_key, pair_.a.public_key);
  pair_.now = pair_.now + absl::Seconds(20);
  Reborn(changes.alive);
  ASSERT_EQ(reborn_.sent.size(), 1U);
  EXPECT_EQ(reborn_.sent[0].bytes[0], 1);
  EXPECT_EQ(reborn_.sent[0].to.remote, pair_.a.AsSource().remote);
}

// The gateway wakes up once for the endpoints that nobody has asked for, and never again.
TEST_F(WarmRestartOfAGatewayTest, ItForgetsPeersThatAreNotBack) {
  reborn_.control->Resume(pair_.now, reborn_.WallAt(pair_.now),
                          pair_.b.control->TakeStampChanges(false).alive);
  const Instant due = reborn_.control->NextDeadline();
  ASSERT_EQ(due, pair_.now + absl::Minutes(3));
  reborn_.RunTimers(due);
  EXPECT_TRUE(reborn_.control->NextDeadline().IsInfiniteFuture());
}

TEST_F(WarmRestartOfAGatewayTest, WithoutKeptEndpointsItWaits) {
  Reborn({});
  EXPECT_TRUE(reborn_.sent.empty());
}

class UnconfirmedEndpointTest : public testing::Test {
 protected:
  size_t CountAlive() { return pair_.b.control->TakeStampChanges(false).alive.size(); }

  ControlPair pair_{1, true, {}, ControlOptions{.has_aes = false, .keeps_endpoints = true}};
  const Endpoint elsewhere_{*SocketAddress::Parse("198.51.100.1:9"), {}, 0};
};

TEST_F(UnconfirmedEndpointTest, AnAnsweredInitiationIsNotEnough) {
  const ControlDatagram initiation = pair_.TakeInitiation();
  pair_.b.Receive(pair_.now, elsewhere_, initiation.bytes);
  ASSERT_EQ(pair_.b.sent.size(), 1U);
  EXPECT_EQ(pair_.b.sent[0].to.remote, elsewhere_.remote);
  EXPECT_EQ(CountAlive(), 0U);
}

// The worker has just confirmed the session of the first initiation, and control does not know it
// yet. A second initiation, which somebody caught, names another address.
TEST_F(UnconfirmedEndpointTest, AnOlderSessionDoesNotConfirmTheAddressOfANewInitiation) {
  const ControlDatagram first = pair_.TakeInitiation();
  pair_.b.Receive(pair_.now, pair_.a.AsSource(), first.bytes);
  ASSERT_EQ(pair_.b.sent.size(), 1U);
  Keypair* const keypair =
      pair_.b.shared->index_table.Find(LoadLe32(pair_.b.sent[0].bytes.data() + 4));
  ASSERT_NE(keypair, nullptr);
  pair_.b.sent.clear();  // lost
  ASSERT_TRUE(keypair->MarkReceived());
  pair_.now = pair_.now + absl::Seconds(6);
  pair_.a.RunTimers(pair_.now);
  ASSERT_EQ(pair_.a.sent.size(), 1U);
  pair_.b.Receive(pair_.now, elsewhere_, pair_.a.sent[0].bytes);
  ASSERT_TRUE(pair_.b.StatusOf(pair_.a, pair_.now).last_handshake.has_value()) << "confirmed";
  EXPECT_EQ(CountAlive(), 0U);
}

}  // namespace
}  // namespace ringwire
