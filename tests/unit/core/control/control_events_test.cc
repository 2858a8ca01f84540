#include <gtest/gtest.h>

#include <vector>

#include "core/control/control_plane.h"
#include "core/wire/constants.h"
#include "tests/support/control_pair.h"

// What the workers report to the control plane, and what it does without a report.
namespace ringwire {
namespace {

TEST(ControlEventsTest, RoamingMovesTheEndpoint) {
  ControlPair pair;
  pair.Connect();
  const Endpoint elsewhere{*SocketAddress::Parse("[2001:db8::9]:4000"),
                           *IpAddress::Parse("2001:db8::1"), 0};
  {
    MutexLock lock(&pair.slot_in_a().roam_mutex);
    pair.slot_in_a().roamed_to = elsewhere;
  }
  pair.a.Raise(pair.now, pair.slot_in_a(), kEndpointChanged);
  EXPECT_EQ(*pair.slot_in_a().endpoint.load(), elsewhere);
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).endpoint, elsewhere.remote);
  pair.a.Raise(pair.now, pair.slot_in_a(), kSourceUnusable);
  EXPECT_EQ(pair.slot_in_a().endpoint.load()->remote, elsewhere.remote);
  EXPECT_FALSE(pair.slot_in_a().endpoint.load()->local.IsSet());
}

TEST(ControlEventsTest, AnEventMayBringItsKindsWithIt) {
  ControlPair pair;
  pair.Connect();
  {
    MutexLock lock(&pair.slot_in_a().roam_mutex);
    pair.slot_in_a().roamed_to = Endpoint{pair.b.address, *IpAddress::Parse("192.0.2.77"), 0};
  }
  pair.a.Raise(pair.now, pair.slot_in_a(), kEndpointChanged);
  ASSERT_TRUE(pair.slot_in_a().endpoint.load()->local.IsSet());
  ControlOutput out;
  pair.a.control->HandleEvent(pair.now, pair.a.WallAt(pair.now),
                              DataEvent{pair.slot_in_a().id, kSourceUnusable}, &out);
  EXPECT_FALSE(pair.slot_in_a().endpoint.load()->local.IsSet());
}

TEST(ControlEventsTest, ListsThePeersWithARememberedSource) {
  ControlPair pair;
  pair.Connect();
  DeviceUpdate update;
  PeerUpdate& other = update.peers.emplace_back();
  other.public_key[0] = 9;
  other.endpoint = *SocketAddress::Parse("192.0.2.99:1");
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  const auto list = [&](size_t peers) {
    std::vector<CachedSource> sources;
    size_t cursor = 0;
    size_t pieces = 1;
    while (pair.a.control->ListSources(peers, &cursor, &sources)) ++pieces;
    EXPECT_EQ(pieces, peers == 1 ? 2U : 1U);
    return sources;
  };
  EXPECT_TRUE(list(100).empty());

  const Endpoint roamed{pair.b.address, *IpAddress::Parse("192.0.2.77"), 5};
  pair.slot_in_a().Roam(roamed);
  pair.a.Raise(pair.now, pair.slot_in_a(), kEndpointChanged);
  for (const size_t peers : {size_t{1}, size_t{2}, size_t{100}}) {
    const std::vector<CachedSource> sources = list(peers);
    ASSERT_EQ(sources.size(), 1U);
    EXPECT_EQ(sources[0].peer, pair.slot_in_a().id);
    EXPECT_EQ(sources[0].endpoint, roamed);
  }
}

TEST(ControlEventsTest, AfterAnOverflowAllPeersEventsAreFound) {
  ControlPair pair;
  ASSERT_TRUE(pair.slot_in_a().staged.Push(std::vector<uint8_t>(84)).stored);
  pair.slot_in_a().pending_events.store(kNeedHandshake);
  ControlOutput out;
  pair.a.control->HandleAllEvents(pair.now, pair.a.WallAt(pair.now), &out);
  EXPECT_EQ(out.datagrams.size(), 1U);
  EXPECT_EQ(pair.slot_in_a().pending_events.load(), 0U);
}

TEST(ControlEventsTest, AStagedPacketFindsASessionThatCameMeanwhile) {
  ControlPair pair;
  pair.Connect();
  const size_t received = pair.b.data_received;
  const size_t initiations = pair.Count(1);
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_EQ(pair.b.data_received, received + 1);
  EXPECT_EQ(pair.Count(1), initiations);
}

TEST(ControlEventsTest, ANeedThatASessionHasMetStartsNoHandshake) {
  ControlPair pair;
  pair.Connect();
  const size_t initiations = pair.Count(kMessageInitiation);
  pair.a.Raise(pair.now, pair.slot_in_a(), kNeedHandshake);
  pair.Deliver();
  EXPECT_EQ(pair.Count(kMessageInitiation), initiations);
}

// The pool is for all peers: what they fill it with must not keep this one from a session.
TEST(ControlEventsTest, ANeedWhosePacketFoundNoRoomStartsAHandshake) {
  ControlPair pair;
  pair.a.Raise(pair.now, pair.slot_in_a(), kNeedHandshake);
  pair.Deliver();
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr);
}

// The stamps' side of the bargain: while control watches, workers need not tell it of new ones.
TEST(ControlEventsTest, ItWatchesWhileAStampRunsAndStopsWhenNoneDoes) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(40));
  EXPECT_FALSE(pair.slot_in_a().activity.watched());
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  EXPECT_TRUE(pair.slot_in_a().activity.watched());
  EXPECT_LE(pair.a.control->NextDeadline(), pair.now + kKeepaliveTimeout);
  pair.Advance(absl::Seconds(40));
  EXPECT_FALSE(pair.slot_in_a().activity.watched());
}

TEST(ControlEventsTest, AStampThatBeginsUnseenWhileWatchedIsStillAnsweredInTime) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(40));
  pair.filter = [](bool from_a, const ControlDatagram&) { return !from_a; };
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));  // unanswered: control watches
  pair.Advance(absl::Seconds(1));
  pair.wire.clear();
  ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  const Instant received_at = pair.now;
  pair.Advance(absl::Seconds(11));
  ASSERT_GE(pair.wire.size(), 2U);
  EXPECT_TRUE(pair.wire[1].datagram.IsKeepalive());
  EXPECT_EQ(pair.wire[1].at, received_at + kKeepaliveTimeout);
}

TEST(ControlEventsTest, UnansweredDataAndRetriesForgetTheSourceAddress) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(40));
  {
    MutexLock lock(&pair.slot_in_a().roam_mutex);
    pair.slot_in_a().roamed_to = Endpoint{pair.b.address, *IpAddress::Parse("192.0.2.77"), 0};
  }
  pair.a.Raise(pair.now, pair.slot_in_a(), kEndpointChanged);
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  EXPECT_TRUE(pair.slot_in_a().endpoint.load()->local.IsSet());
  pair.Advance(absl::Seconds(16));
  EXPECT_EQ(pair.slot_in_a().endpoint.load()->remote, pair.b.address);
  EXPECT_FALSE(pair.slot_in_a().endpoint.load()->local.IsSet());
}

// -- many peers at once

DeviceUpdate ManyPeers(size_t count) {
  DeviceUpdate update;
  for (size_t i = 0; i < count; ++i) {
    PeerUpdate& peer = update.peers.emplace_back();
    // A low-order point would be no peer to shake hands with; these are not.
    peer.public_key = crypto::PublicKey{9, static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)};
    peer.endpoint = SocketAddress::Parse("192.0.2.9:51820");
    peer.persistent_keepalive_seconds = 25;
  }
  return update;
}

TEST(ControlManyPeersTest, ALinkThatGoesUpStartsAFewPeersACall) {
  ControlPair pair;
  pair.a.SetLinkUp(pair.now, false);
  ASSERT_TRUE(pair.a.Apply(pair.now, ManyPeers(100)).ok());
  pair.a.sent.clear();
  pair.a.SetLinkUp(pair.now, true);
  EXPECT_EQ(pair.a.sent.size(), 16U) << "the first at once";
  size_t calls = 0;
  while (pair.a.control->NextDeadline() <= pair.now) {
    const size_t before = pair.a.sent.size();
    pair.a.RunTimers(pair.now);
    EXPECT_LE(pair.a.sent.size() - before, 16U);
    ASSERT_LT(++calls, 20U);
  }
  EXPECT_EQ(pair.a.sent.size(), 100U) << "each has had its turn, without waiting for time to pass";
}

TEST(ControlManyPeersTest, AConfigurationOfManyStartsThemInTurn) {
  ControlPair pair;
  ASSERT_TRUE(pair.a.Apply(pair.now, ManyPeers(100)).ok());
  EXPECT_EQ(pair.a.sent.size(), 16U);
  while (pair.a.control->NextDeadline() <= pair.now) pair.a.RunTimers(pair.now);
  EXPECT_EQ(pair.a.sent.size(), 100U);
}

TEST(ControlManyPeersTest, WhoWaitsForItsTurnGoesDownWithTheLink) {
  ControlPair pair;
  ASSERT_TRUE(pair.a.Apply(pair.now, ManyPeers(100)).ok());
  pair.a.SetLinkUp(pair.now, false);
  pair.a.sent.clear();
  for (int i = 0; i < 20; ++i) pair.a.RunTimers(pair.now);
  EXPECT_EQ(pair.a.sent.size(), 0U);
}

TEST(ControlManyPeersTest, APeerThatIsRemovedBeforeItsTurnSendsNothing) {
  ControlPair pair;
  ASSERT_TRUE(pair.a.Apply(pair.now, ManyPeers(100)).ok());
  DeviceUpdate none;
  none.replace_peers = true;
  ASSERT_TRUE(pair.a.Apply(pair.now, none).ok());
  pair.a.sent.clear();
  for (int i = 0; i < 20; ++i) pair.a.RunTimers(pair.now);
  EXPECT_EQ(pair.a.sent.size(), 0U);
}

// -- a peer that may be somewhere else

TEST(ControlUnansweredTest, IsReportedFromTheFourthInitiationOn) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(14));
  EXPECT_TRUE(pair.a.unanswered.empty()) << "three may be lost";
  pair.Advance(absl::Seconds(4));
  EXPECT_EQ(pair.a.unanswered, std::vector<crypto::PublicKey>{pair.b.public_key});
  pair.Advance(absl::Seconds(6));
  EXPECT_EQ(pair.a.unanswered.size(), 2U) << "and with every further one";
}

TEST(ControlUnansweredTest, APeerThatAnswersIsNot) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(60));
  EXPECT_TRUE(pair.a.unanswered.empty());
}

}  // namespace
}  // namespace ringwire
