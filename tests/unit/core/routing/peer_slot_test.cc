#include "core/routing/peer_slot.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "core/base/instant.h"

namespace ringwire {
namespace {

constexpr Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }

TEST(PeerActivityTest, StartsWithNothingSeen) {
  const auto seen = PeerActivity().Read();
  EXPECT_EQ(seen.unanswered_since_ns, 0);
  EXPECT_EQ(seen.unacknowledged_since_ns, 0);
  EXPECT_FALSE(seen.more_data_received);
  EXPECT_EQ(seen.last_traversal_ns, 0);
}

TEST(PeerActivityTest, UnansweredCountsFromTheFirstDataSent) {
  PeerActivity activity;
  EXPECT_TRUE(activity.DataSent(At(10)));
  EXPECT_FALSE(activity.DataSent(At(20))) << "control knows already";
  EXPECT_EQ(activity.Read().unanswered_since_ns, 10);
}

TEST(PeerActivityTest, AnythingAuthenticatedReceivedAnswers) {
  PeerActivity activity;
  activity.DataSent(At(10));
  EXPECT_FALSE(activity.AuthenticatedReceived(At(20)));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 0);
  EXPECT_EQ(activity.Read().last_traversal_ns, 20);
  EXPECT_TRUE(activity.DataSent(At(30)));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 30);
}

TEST(PeerActivityTest, UnacknowledgedCountsFromTheFirstDataReceived) {
  PeerActivity activity;
  EXPECT_TRUE(activity.DataReceived(At(10)));
  EXPECT_FALSE(activity.Read().more_data_received);
  EXPECT_FALSE(activity.DataReceived(At(20)));
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 10);
  EXPECT_TRUE(activity.Read().more_data_received);
}

TEST(PeerActivityTest, AnythingAuthenticatedSentAcknowledges) {
  PeerActivity activity;
  activity.DataReceived(At(10));
  activity.DataReceived(At(15));
  EXPECT_FALSE(activity.AuthenticatedSent(At(20)));
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 0);
  EXPECT_FALSE(activity.Read().more_data_received) << "more than the first since the last sending";
  EXPECT_EQ(activity.Read().last_traversal_ns, 20);
  EXPECT_TRUE(activity.DataReceived(At(30)));
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 30);
  EXPECT_FALSE(activity.Read().more_data_received);
}

TEST(PeerActivityTest, AKeepaliveStartsNeitherStamp) {
  PeerActivity activity;
  EXPECT_FALSE(activity.AuthenticatedSent(At(10)));
  EXPECT_FALSE(activity.AuthenticatedReceived(At(20)));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 0);
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 0);
  EXPECT_EQ(activity.Read().last_traversal_ns, 20);
}

TEST(PeerActivityTest, SendingDoesNotAnswerAndReceivingDoesNotAcknowledge) {
  PeerActivity activity;
  activity.DataSent(At(10));
  activity.DataReceived(At(11));
  activity.AuthenticatedReceived(At(12));
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 11);
  activity.DataSent(At(13));
  activity.AuthenticatedSent(At(14));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 13);
}

TEST(PeerActivityTest, TraversalOnlyMovesForward) {
  PeerActivity activity;
  activity.AuthenticatedSent(At(20));
  activity.AuthenticatedReceived(At(19));
  EXPECT_EQ(activity.Read().last_traversal_ns, 20);
}

TEST(PeerActivityTest, TellsNobodyWhileADeadlineWatches) {
  PeerActivity activity;
  activity.SetWatched(true);
  EXPECT_TRUE(activity.watched());
  EXPECT_FALSE(activity.DataSent(At(10)));
  EXPECT_FALSE(activity.DataReceived(At(11)));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 10);
  EXPECT_EQ(activity.Read().unacknowledged_since_ns, 11);
}

TEST(PeerActivityTest, ControlRestartsTheStampsItActedOn) {
  PeerActivity activity;
  activity.DataSent(At(10));
  activity.DataReceived(At(11));
  activity.DataReceived(At(12));
  activity.ClearUnanswered();
  activity.ClearUnacknowledged();
  EXPECT_TRUE(activity.Read().more_data_received);
  activity.ClearMoreData();
  EXPECT_FALSE(activity.Read().more_data_received);
  EXPECT_TRUE(activity.DataSent(At(20)));
  EXPECT_TRUE(activity.DataReceived(At(21)));
}

TEST(PeerActivityTest, AStampAtTimeZeroIsAStamp) {
  PeerActivity activity;
  EXPECT_TRUE(activity.DataSent(At(0)));
  EXPECT_TRUE(activity.DataReceived(At(0)));
  activity.AuthenticatedSent(At(0));
  EXPECT_EQ(activity.Read().unanswered_since_ns, 1);
  EXPECT_EQ(activity.Read().last_traversal_ns, 1);
}

}  // namespace
}  // namespace ringwire
