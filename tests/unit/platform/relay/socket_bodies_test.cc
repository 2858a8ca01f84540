#include "platform/relay/socket_bodies.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/limits.h"

namespace ringwire::platform {
namespace {

UniqueFd SomeDescriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(SocketBodiesTest, RequestsComeBackAsTheyWere) {
  for (const bool gro : {false, true}) {
    for (const bool has_asker : {false, true}) {
      const SocketRequest request{0xfffffffe, 0xca6c, 65535, kWorkersMax, gro, has_asker};
      EXPECT_EQ(ParseSocketRequest(SocketRequestBody(request)), request);
    }
  }
}

TEST(SocketBodiesTest, RefusesWhatIsNoRequest) {
  const std::string body = SocketRequestBody({1, 2, 3, 4, true, true});
  EXPECT_FALSE(ParseSocketRequest(""));
  EXPECT_FALSE(ParseSocketRequest(body.substr(1)));
  EXPECT_FALSE(ParseSocketRequest(body + "x"));
  EXPECT_FALSE(ParseSocketRequest(SocketRequestBody({.workers = kWorkersMax + 1})));
}

TEST(SocketBodiesTest, RepliesComeBackAsTheyWere) {
  const SocketReply reply{7, 51820, 3, true, false};
  EXPECT_EQ(ParseSocketReply(SocketReplyBody(reply)), reply);
  EXPECT_FALSE(ParseSocketReply(SocketReplyBody(reply) + "x"));
  EXPECT_FALSE(ParseSocketReply(""));
}

TEST(SocketBodiesTest, RefusalsSayWhy) {
  const absl::Status why = absl::AlreadyExistsError("bind UDP port 7: it is taken");
  const auto refusal = ParseSocketRefusal(SocketRefusalBody({9, why}));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->id, 9U);
  EXPECT_EQ(refusal->why, why);
  EXPECT_LE(SocketRefusalBody({9, absl::InternalError(std::string(9999, 'x'))}).size(),
            kRelayBodyMax);
  EXPECT_FALSE(ParseSocketRefusal("1234567"));
}

TEST(SocketBodiesTest, PairsArriveInTheirOrder) {
  for (const auto& [v4, v6] : {std::pair(true, true), {true, false}, {false, true}}) {
    UdpSocketGroup sent;
    sent.port = 7;
    sent.workers.resize(kSocketPairsMax + 2);
    for (UdpSockets& pair : sent.workers) {
      if (v4) pair.v4 = SomeDescriptor();
      if (v6) pair.v6 = SomeDescriptor();
    }
    const std::vector<SocketsMessage> messages = SocketsMessages(ViewOf(sent), 3);
    EXPECT_EQ(messages.size(), 2U);
    std::vector<int> wanted;
    UdpSocketGroup group;
    for (const SocketsMessage& message : messages) {
      EXPECT_LE(message.descriptors.size(), kPassedDescriptorsMax);
      std::vector<UniqueFd> arrived;
      for (const int fd : message.descriptors) {
        arrived.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        wanted.push_back(arrived.back().get());
      }
      const std::optional<SocketReply> reply = ParseSocketReply(message.body);
      ASSERT_TRUE(reply.has_value());
      EXPECT_EQ(reply->id, 3U);
      ASSERT_TRUE(TakePairs(*reply, std::move(arrived), &group));
    }
    EXPECT_EQ(group.port, 7);
    ASSERT_EQ(group.workers.size(), sent.workers.size());
    EXPECT_EQ(group.workers[0].v4.valid(), v4);
    EXPECT_EQ(group.workers[0].v6.valid(), v6);
    EXPECT_EQ(ViewOf(group).sockets, wanted);
  }
}

TEST(SocketBodiesTest, RefusesPairsThatAreNotWhole) {
  std::vector<UniqueFd> three;
  for (int i = 0; i < 3; ++i) three.push_back(SomeDescriptor());
  UdpSocketGroup group;
  EXPECT_FALSE(TakePairs({.workers = 2, .v4 = true, .v6 = true}, std::move(three), &group));
  EXPECT_FALSE(TakePairs({.workers = 0}, {}, &group));
  EXPECT_TRUE(group.workers.empty());
}

}  // namespace
}  // namespace ringwire::platform
