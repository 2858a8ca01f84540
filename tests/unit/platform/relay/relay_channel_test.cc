#include "platform/relay/relay_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/clock.h"

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
  for (uint32_t verb = 0; verb <= static_cast<uint32_t>(kLastRelayVerb); ++verb) {
    const std::string body(verb, 'b');
    ASSERT_TRUE(relay.Send(static_cast<RelayVerb>(verb), body).ok());
    const auto message = supervisor.Receive();
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(static_cast<uint32_t>(message->verb), verb);
    EXPECT_EQ(message->body, body);
  }
}

// A supervisor and the relay of another version understand each other by these numbers.
TEST_F(RelayChannelTest, VerbsKeepTheirNumbers) {
  EXPECT_EQ(kRelayProtocol, 1U) << "count it up if a number or a body has changed";
  EXPECT_EQ(static_cast<uint32_t>(RelayVerb::kStarted), 0U);
  EXPECT_EQ(static_cast<uint32_t>(RelayVerb::kSocket), 9U);
  EXPECT_EQ(static_cast<uint32_t>(RelayVerb::kStart), 10U);
  EXPECT_EQ(static_cast<uint32_t>(RelayVerb::kServe), 21U);
  EXPECT_EQ(static_cast<uint32_t>(RelayVerb::kHandOver), 25U);
}

TEST_F(RelayChannelTest, RefusesAVerbThatThereIsNot) {
  const uint32_t past = static_cast<uint32_t>(kLastRelayVerb) + 1;
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

TEST_F(RelayChannelTest, AMessageThatComesInPartsWaitsForItsRest) {
  EXPECT_FALSE(supervisor.TryReceive()->has_value()) << "there is none";
  const std::array<uint32_t, 2> head{static_cast<uint32_t>(RelayVerb::kState), 4};
  const std::string bytes(reinterpret_cast<const char*>(head.data()), sizeof(head));
  const std::string all = bytes + "peer";
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(supervisor.TryReceive()->has_value()) << i;
    EXPECT_TRUE(absl::IsDeadlineExceeded(supervisor.Receive({Instant()}).status())) << i;
    ASSERT_EQ(::send(relay.fd(), &all[i], 1, 0), 1);
  }
  const auto message = supervisor.TryReceive();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->body, "peer");
}

TEST_F(RelayChannelTest, NobodyWaitsForARelayThatReadsNothing) {
  const UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
  const std::string body(4096, 'b');
  absl::Status status;
  while (status.ok()) status = supervisor.Send(RelayVerb::kEndpoints, body, signal.get());
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_FALSE(supervisor.IsClosed()) << "nothing was sent in part";
}

TEST_F(RelayChannelTest, DescriptorsComeWithTheirMessage) {
  std::vector<UniqueFd> pipes;
  std::vector<int> sent;
  for (size_t i = 0; i < kPassedDescriptorsMax; ++i) {
    std::array<int, 2> ends_of_pipe{};
    ASSERT_EQ(::pipe2(ends_of_pipe.data(), O_CLOEXEC), 0);
    pipes.emplace_back(ends_of_pipe[0]);
    const UniqueFd writer(ends_of_pipe[1]);
    const auto mark = static_cast<uint8_t>(i);
    ASSERT_EQ(::write(writer.get(), &mark, 1), 1);
    sent.push_back(pipes.back().get());
  }
  ASSERT_TRUE(supervisor.Send(RelayVerb::kDone, "before").ok());
  ASSERT_TRUE(supervisor.SendWith(sent, RelayVerb::kSockets, "with").ok());
  ASSERT_TRUE(supervisor.Send(RelayVerb::kDone, "behind").ok());
  EXPECT_TRUE(relay.Receive()->descriptors.empty());
  const auto message = relay.Receive();
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->body, "with");
  ASSERT_EQ(message->descriptors.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    uint8_t mark = 0;
    EXPECT_EQ(::read(message->descriptors[i].get(), &mark, 1), 1);
    EXPECT_EQ(mark, static_cast<uint8_t>(i));
    EXPECT_EQ(::fcntl(message->descriptors[i].get(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_TRUE(relay.Receive()->descriptors.empty());
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
