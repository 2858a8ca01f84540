#include "platform/relay/relay_replies.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

namespace ringwire::platform {
namespace {

class RelayRepliesTest : public testing::Test {
 protected:
  RelayRepliesTest() : ends(*RelayChannel::Make()), supervisor(ends.first), relay(ends.second) {}

  absl::StatusOr<RelayMessage> Wait(const RelayReplies::Question& question) {
    return replies.Wait(&supervisor, question, [this](const RelayMessage& message) {
      ++unasked;
      return message.verb == RelayVerb::kUnanswered;
    });
  }

  std::pair<RelayChannel, RelayChannel> ends;
  RelayChannel& supervisor;
  RelayChannel& relay;
  RelayReplies replies;
  size_t unasked = 0;
};

TEST_F(RelayRepliesTest, WhatWasNotAskedForComesBetween) {
  ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered).ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kState, "peers").ok());
  const auto reply = Wait({RelayVerb::kState});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->body, "peers");
  EXPECT_EQ(unasked, 1u);
}

TEST_F(RelayRepliesTest, AFailureIsAReplyWithItsReason) {
  ASSERT_TRUE(relay.Send(RelayVerb::kFailed, "no\tport").ok());
  const absl::Status status = Wait({RelayVerb::kDone}).status();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(), "no?port");
}

TEST_F(RelayRepliesTest, AnotherReplyBreaksTheRules) {
  ASSERT_TRUE(relay.Send(RelayVerb::kDone).ok());
  EXPECT_EQ(Wait({RelayVerb::kState}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(RelayRepliesTest, ARelayThatIsSilentOrGoneIsNotWaitedFor) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      Wait({.reply = RelayVerb::kDone, .patience = absl::Milliseconds(1)}).status()));
  relay.Close();
  EXPECT_TRUE(absl::IsNotFound(Wait({RelayVerb::kDone}).status()));
}

// As a relay that is taken over may: there is always one message more.
TEST_F(RelayRepliesTest, ARelayThatNeverStopsTalkingIsNotListenedToForEver) {
  std::atomic<bool> stop = false;
  std::thread talker([this, &stop] {
    while (!stop) {
      if (relay.CanSend()) relay.Send(RelayVerb::kUnanswered).IgnoreError();
    }
  });
  const absl::Status status =
      Wait({.reply = RelayVerb::kDone, .patience = absl::Minutes(5)}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_LE(unasked, RelayReplies::kUnaskedMax);
  stop = true;
  talker.join();
}

TEST_F(RelayRepliesTest, ASignalEndsTheWait) {
  const UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
  ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered).ok());
  EXPECT_TRUE(absl::IsCancelled(
      Wait({.reply = RelayVerb::kDone, .patience = absl::Minutes(5), .interrupt_fd = signal.get()})
          .status()));
}

TEST_F(RelayRepliesTest, TheReplyToAQuestionThatWasGivenUpIsNotTheNextOnes) {
  const RelayReplies::Question impatient{.reply = RelayVerb::kState,
                                         .patience = absl::ZeroDuration()};
  ASSERT_FALSE(Wait(impatient).ok());
  ASSERT_FALSE(Wait(impatient).ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kFailed, "late").ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kState, "late as well").ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kState, "in time").ok());
  const auto reply = Wait({RelayVerb::kState});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->body, "in time");
  RelayMessage another{.verb = RelayVerb::kState, .body = {}};
  EXPECT_FALSE(replies.TakeLate(&another));
}

TEST_F(RelayRepliesTest, ALateReplyMayBeAsLongAsItsQuestionAllowed) {
  constexpr size_t kLong = 3 * kRelayBodyMax;
  EXPECT_EQ(replies.body_max(), kRelayBodyMax);
  ASSERT_FALSE(
      Wait({.reply = RelayVerb::kState, .body_max = kLong, .patience = absl::ZeroDuration()}).ok());
  EXPECT_EQ(replies.body_max(), kLong);
  ASSERT_TRUE(relay.Send(RelayVerb::kState, std::string(kLong, 's')).ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kDone).ok());
  EXPECT_TRUE(Wait({RelayVerb::kDone}).ok());
  EXPECT_EQ(replies.body_max(), kRelayBodyMax);
}

TEST_F(RelayRepliesTest, OnlyAReplyMayBeLong) {
  const RelayReplies::Question question{.reply = RelayVerb::kState, .body_max = 3 * kRelayBodyMax};
  ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered, std::string(kRelayBodyMax + 1, 'k')).ok());
  EXPECT_EQ(Wait(question).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(unasked, 0u);
}

TEST_F(RelayRepliesTest, ALateReplyIsZeroed) {
  ASSERT_FALSE(Wait({.reply = RelayVerb::kState, .patience = absl::ZeroDuration()}).ok());
  RelayMessage late{.verb = RelayVerb::kState, .body = "PrivateKey = ..."};
  ASSERT_TRUE(replies.TakeLate(&late));
  EXPECT_EQ(late.body, std::string(late.body.size(), '\0'));
}

}  // namespace
}  // namespace ringwire::platform
