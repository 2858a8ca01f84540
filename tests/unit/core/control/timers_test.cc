#include "core/control/timers.h"

#include <gtest/gtest.h>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

Instant At(double seconds) {
  return Instant::FromNanoseconds(static_cast<int64_t>(seconds * kSecond));
}

bool IsAnythingDue(const TimerDecision& decision) {
  return decision.zeroise || decision.abandon_handshake || decision.initiate ||
         decision.unanswered || decision.keepalive || decision.persistent_keepalive;
}

TEST(TimersTest, AQuietPeerWantsNothing) {
  const TimerDecision decision = Decide(At(1000), TimerState(), {});
  EXPECT_FALSE(IsAnythingDue(decision));
  EXPECT_FALSE(decision.watch);
  EXPECT_TRUE(decision.next.IsInfiniteFuture());
}

TEST(TimersTest, AHandshakeUnderWayIsRetriedAtItsDeadlineAndNotBefore) {
  TimerState state;
  state.attempts = 1;
  state.initiate_not_before = At(5);
  state.initiate_at = At(5.2);
  EXPECT_FALSE(Decide(At(5.1), state, {}).initiate);
  EXPECT_EQ(Decide(At(5.1), state, {}).next, At(5.2));
  EXPECT_TRUE(Decide(At(5.2), state, {}).initiate);
}

TEST(TimersTest, ARetryWaitsForFiveSecondsAfterAnAnswerOfOurs) {
  TimerState state;
  state.attempts = 1;
  state.initiate_at = At(5.2);
  state.initiate_not_before = At(9);  // answered the peer's own initiation at 4
  EXPECT_FALSE(Decide(At(6), state, {}).initiate);
  EXPECT_EQ(Decide(At(6), state, {}).next, At(9));
  EXPECT_TRUE(Decide(At(9), state, {}).initiate);
}

TEST(TimersTest, TheLastAttemptIsFollowedByGivingUp) {
  TimerState state;
  state.initiate_at = At(90);
  state.attempts = kMaxHandshakeAttempts - 1;
  EXPECT_TRUE(Decide(At(90), state, {}).initiate);
  EXPECT_FALSE(Decide(At(90), state, {}).abandon_handshake);
  state.attempts = kMaxHandshakeAttempts;
  EXPECT_FALSE(Decide(At(90), state, {}).initiate);
  EXPECT_TRUE(Decide(At(90), state, {}).abandon_handshake);
}

TEST(TimersTest, DataWithoutAnAnswerWantsAHandshakeAfterFifteenSecondsAndJitter) {
  TimerState state;
  state.unanswered_jitter = absl::Milliseconds(200);
  PeerActivity::Snapshot activity;
  activity.unanswered_since_ns = 100 * kSecond;
  EXPECT_FALSE(Decide(At(115.199), state, activity).unanswered);
  EXPECT_TRUE(Decide(At(115.2), state, activity).unanswered);
  EXPECT_TRUE(Decide(At(101), state, activity).watch);
}

TEST(TimersTest, ReceivedDataWantsAKeepaliveAfterTenSeconds) {
  PeerActivity::Snapshot activity;
  activity.unacknowledged_since_ns = 100 * kSecond;
  EXPECT_FALSE(Decide(At(109.999), TimerState(), activity).keepalive);
  EXPECT_TRUE(Decide(At(110), TimerState(), activity).keepalive);
  EXPECT_EQ(Decide(At(105), TimerState(), activity).next, At(110));
}

// Workers do not report a stamp that begins while control watches, so control has to be back before
// any such stamp can be due.
TEST(TimersTest, WhileWatchingItComesBackBeforeAnyNewStampCanBeDue) {
  PeerActivity::Snapshot activity;
  activity.unanswered_since_ns = 100 * kSecond;  // due at 115 only
  const Instant next = Decide(At(100), TimerState(), activity).next;
  EXPECT_EQ(next, At(100) + kKeepaliveTimeout);
}

TEST(TimersTest, PersistentKeepaliveCountsFromTheLastPacketEitherWay) {
  TimerState state;
  state.persistent_keepalive = absl::Seconds(25);
  PeerActivity::Snapshot activity;
  activity.last_traversal_ns = 100 * kSecond;
  EXPECT_FALSE(Decide(At(124.9), state, activity).persistent_keepalive);
  EXPECT_EQ(Decide(At(124.9), state, activity).next, At(125));
  EXPECT_TRUE(Decide(At(125), state, activity).persistent_keepalive);
}

TEST(TimersTest, TheFirstPersistentKeepaliveIsDueAtOnceAndOnlyOnceAnInterval) {
  TimerState state;
  state.persistent_keepalive = absl::Seconds(25);
  EXPECT_TRUE(Decide(At(3), state, {}).persistent_keepalive);
  state.persistent_not_before = At(28);
  EXPECT_FALSE(Decide(At(3), state, {}).persistent_keepalive);
  EXPECT_TRUE(Decide(At(28), state, {}).persistent_keepalive);
}

TEST(TimersTest, SecretsGoAtTheirDeadline) {
  TimerState state;
  state.zeroise_at = At(540);
  EXPECT_FALSE(Decide(At(539), state, {}).zeroise);
  EXPECT_EQ(Decide(At(539), state, {}).next, At(540));
  EXPECT_TRUE(Decide(At(540), state, {}).zeroise);
}

TEST(TimersTest, TheEarliestDeadlineDecidesWhenToLookAgain) {
  TimerState state;
  state.attempts = 1;
  state.initiate_at = At(105.3);
  state.zeroise_at = At(600);
  state.persistent_keepalive = absl::Seconds(25);
  PeerActivity::Snapshot activity;
  activity.last_traversal_ns = 100 * kSecond;
  activity.unacknowledged_since_ns = 94 * kSecond;
  EXPECT_EQ(Decide(At(101), state, activity).next, At(104));
  activity.unacknowledged_since_ns = 0;
  EXPECT_EQ(Decide(At(101), state, activity).next, At(105.3));
}

}  // namespace
}  // namespace ringwire
