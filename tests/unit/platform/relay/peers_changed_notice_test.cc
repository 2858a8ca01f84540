#include "platform/relay/peers_changed_notice.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ringwire::platform {
namespace {

class PeersChangedNoticeTest : public testing::Test {
 protected:
  PeersChangedNoticeTest()
      : ends_(*RelayChannel::Make()), notice_(&ends_.second, [this](std::function<void()> call) {
          waiting_.push_back(std::move(call));
        }) {}

  void Fill() {
    const std::string body(kRelayBodyMax, 'k');
    while (ends_.second.CanSend()) {
      ASSERT_TRUE(ends_.second.Send(RelayVerb::kUnanswered, body).ok());
    }
  }
  // Reads all messages; the number of notices among them.
  int TakeNotices() {
    int notices = 0;
    while (true) {
      const auto message = ends_.first.TryReceive();
      if (!message.ok() || !message->has_value()) return notices;
      if ((*message)->verb == RelayVerb::kPeersChanged) ++notices;
    }
  }
  void Writable() {
    for (const auto& call : std::exchange(waiting_, {})) call();
  }

  std::pair<RelayChannel, RelayChannel> ends_;
  std::vector<std::function<void()>> waiting_;
  PeersChangedNotice notice_;
};

TEST_F(PeersChangedNoticeTest, ComesOnceForEachQuestion) {
  notice_.PeersChanged();
  EXPECT_EQ(TakeNotices(), 0) << "nobody has asked";
  for (int i = 0; i < 2; ++i) {
    notice_.Asked();
    EXPECT_EQ(TakeNotices(), 0);
    notice_.PeersChanged();
    notice_.PeersChanged();
    EXPECT_EQ(TakeNotices(), 1);
  }
  EXPECT_TRUE(waiting_.empty());
}

TEST_F(PeersChangedNoticeTest, ComesLaterIfTheChannelIsFull) {
  notice_.Asked();
  Fill();
  notice_.PeersChanged();
  notice_.PeersChanged();
  EXPECT_EQ(waiting_.size(), 1u);
  EXPECT_EQ(TakeNotices(), 0);
  Writable();
  EXPECT_EQ(TakeNotices(), 1);
  EXPECT_TRUE(waiting_.empty());
}

TEST_F(PeersChangedNoticeTest, IsNotNeededAnyMoreIfTheSupervisorAsksFirst) {
  notice_.Asked();
  Fill();
  notice_.PeersChanged();
  notice_.Asked();
  EXPECT_EQ(TakeNotices(), 0);
  Writable();
  EXPECT_EQ(TakeNotices(), 0);
  notice_.PeersChanged();
  EXPECT_EQ(TakeNotices(), 1);
}

}  // namespace
}  // namespace ringwire::platform
