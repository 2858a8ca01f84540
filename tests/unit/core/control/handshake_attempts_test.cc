// The attempts at a session that `show` explains.
#include <gtest/gtest.h>

#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

HandshakeAttempts AttemptsOf(const ControlNode& node, const ControlNode& peer, Instant now) {
  return node.StatusOf(peer, now).attempts;
}

PeerUpdate WithPresharedKey(const ControlNode& peer) {
  PeerUpdate update = peer.AsPeer();
  update.preshared_key.emplace();
  update.preshared_key->bytes()[0] = 1;
  return update;
}

TEST(HandshakeAttemptsTest, CountsInitiationsUntilASession) {
  ControlPair pair;
  bool lost = true;
  pair.filter = [&lost](bool, const ControlDatagram&) { return !lost; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  pair.Advance(absl::Seconds(21));
  const HandshakeAttempts attempts = AttemptsOf(pair.a, pair.b, pair.now);
  EXPECT_GE(attempts.initiations, 4U);
  EXPECT_EQ(attempts.duration, absl::Seconds(21));
  EXPECT_FALSE(AttemptsOf(pair.b, pair.a, pair.now).any());
  lost = false;
  pair.Advance(absl::Seconds(6));
  EXPECT_FALSE(AttemptsOf(pair.a, pair.b, pair.now).any());
  EXPECT_FALSE(AttemptsOf(pair.b, pair.a, pair.now).any());
}

TEST(HandshakeAttemptsTest, CountsOnAcrossHandshakesThatWereGivenUp) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(100));  // given up after 90 s
  const uint32_t before = AttemptsOf(pair.a, pair.b, pair.now).initiations;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(1));
  const HandshakeAttempts attempts = AttemptsOf(pair.a, pair.b, pair.now);
  EXPECT_EQ(attempts.initiations, before + 1);
  EXPECT_EQ(attempts.duration, absl::Seconds(101));
}

TEST(HandshakeAttemptsTest, TellsAnotherPresharedKeyInBothRoles) {
  ControlPair pair;
  DeviceUpdate update;
  update.peers = {WithPresharedKey(pair.b)};
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  pair.Advance(absl::Seconds(11));
  const HandshakeAttempts initiator = AttemptsOf(pair.a, pair.b, pair.now);
  EXPECT_GE(initiator.misfits, 2U);
  EXPECT_EQ(initiator.misfits, pair.a.Dropped(DropReason::kResponseInvalid));
  EXPECT_EQ(AttemptsOf(pair.b, pair.a, pair.now).responses, initiator.misfits);
  // With the right key, what was counted for the wrong one is no longer true.
  update.peers = {WithPresharedKey(pair.a)};
  ASSERT_TRUE(pair.b.Apply(pair.now, update).ok());
  EXPECT_FALSE(AttemptsOf(pair.b, pair.a, pair.now).any());
  pair.Advance(absl::Seconds(6));
  EXPECT_FALSE(AttemptsOf(pair.a, pair.b, pair.now).any());
}

TEST(HandshakeAttemptsTest, NotesWhoUsesAnUnknownKey) {
  ControlPair pair;
  DeviceUpdate update;
  update.peers.emplace_back().public_key = pair.a.public_key;
  update.peers.back().remove = true;
  ASSERT_TRUE(pair.b.Apply(pair.now, update).ok());
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  pair.Advance(absl::Seconds(3));
  const DeviceStatus status = pair.b.control->Status(pair.now, pair.b.WallAt(pair.now));
  EXPECT_EQ(status.unknown_key.count, 1U);
  EXPECT_EQ(status.unknown_key.last_from, pair.a.address);
  EXPECT_EQ(status.unknown_key.age, absl::Seconds(3));
  EXPECT_EQ(status.last_unknown_key, pair.a.public_key);
}

}  // namespace
}  // namespace ringwire
