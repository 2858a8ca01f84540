#include "platform/relay/relay_channel.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ringwire::platform {
namespace {

class RelayChannelTest : public testing::Test {
 protected:
  RelayChannelTest() : ends(*RelayChannel::Make()), supervisor(ends.first), relay(ends.second) {}

  std::pair<RelayChannel, RelayChannel> ends;
  RelayChannel& supervisor;
  RelayChannel& relay;
};

TEST_F(RelayChannelTest, EveryVerbArrivesWithItsBody) {
  for (uint32_t verb = 0; verb <= static_cast<uint32_t>(RelayVerb::kServe); ++verb) {
    const std::string body(verb, 'b');
    ASSERT_TRUE(relay.Send(static_cast<RelayVerb>(verb), body).ok());
    const auto message = supervisor.Receive();
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(static_cast<uint32_t>(message->verb), verb);
    EXPECT_EQ(message->body, body);
  }
}

TEST_F(RelayChannelTest, RefusesAVerbThatThereIsNot) {
  const uint32_t past = static_cast<uint32_t>(RelayVerb::kServe) + 1;
  ASSERT_TRUE(relay.Send(static_cast<RelayVerb>(past)).ok());
  EXPECT_EQ(supervisor.Receive().status().code(), absl::StatusCode::kInternal);
}

TEST_F(RelayChannelTest, TheSupervisorTakesShortMessagesOnly) {
  ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered, std::string(4096, 'b')).ok());
  EXPECT_TRUE(supervisor.Receive().ok());
  ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered, std::string(4097, 'b')).ok());
  EXPECT_EQ(supervisor.Receive().status().code(), absl::StatusCode::kInternal);
}

TEST_F(RelayChannelTest, AnEndThatIsGoneIsSeenOnBothSides) {
  EXPECT_FALSE(supervisor.IsClosed());
  relay.Close();
  EXPECT_TRUE(supervisor.IsClosed());
  EXPECT_TRUE(absl::IsNotFound(supervisor.Receive().status()));
  EXPECT_FALSE(supervisor.CanSend());
  EXPECT_FALSE(supervisor.Send(RelayVerb::kServe).ok());
}

// If it is not so, this waits for ever.
TEST_F(RelayChannelTest, WhatCanBeSentIsSentWithoutWaiting) {
  const std::string body(4096, 'b');
  size_t sent = 0;
  for (; relay.CanSend(); ++sent) ASSERT_TRUE(relay.Send(RelayVerb::kUnanswered, body).ok());
  EXPECT_GT(sent, 1U);
  for (size_t i = 0; i < sent; ++i) ASSERT_TRUE(supervisor.Receive().ok());
  EXPECT_TRUE(relay.CanSend()) << "there is room again";
}

}  // namespace
}  // namespace ringwire::platform
