#include "core/control/handshake_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

class HandshakeQueueTest : public testing::Test {
 protected:
  // As the gate admits it; `name` is a message's only byte.
  void Push(const char* from, char name, bool is_answer = false) {
    HandshakeDatagram datagram;
    datagram.from.remote = *SocketAddress::Parse(from);
    datagram.received = now_;
    datagram.is_answer = is_answer;
    datagram.size = 1;
    datagram.bytes[0] = static_cast<uint8_t>(name);
    ++(is_answer ? shared_.answers_waiting : shared_.initiations_waiting);
    queue_.Push(now_, std::move(datagram));
  }
  // The names of the next messages.
  std::string PopAll(size_t most = 1'000'000) {
    std::string names;
    while (names.size() < most) {
      const std::optional<HandshakeDatagram> datagram = queue_.Pop(now_);
      if (!datagram.has_value()) break;
      names += static_cast<char>(datagram->bytes[0]);
    }
    return names;
  }
  uint64_t Dropped(DropReason reason) const { return counters_.Dropped(reason); }

  Instant now_ = Instant() + absl::Seconds(100);
  SharedState shared_;
  WorkerCounters counters_;
  HandshakeQueue queue_{&shared_, &counters_, /*capacity=*/8};
};

constexpr const char* kA = "192.0.2.1:1000";
constexpr const char* kB = "192.0.2.2:1000";
constexpr const char* kC = "192.0.2.3:1000";

TEST_F(HandshakeQueueTest, TheSourceThatHasWaitedLongestComesFirst) {
  Push(kA, 'a');
  Push(kB, 'b');
  Push(kC, 'c');
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_EQ(PopAll(), "abc");
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(shared_.initiations_waiting, 0u);
}

TEST_F(HandshakeQueueTest, TheNewestOfASourceComesFirst) {
  Push(kA, '1');
  Push(kB, 'b');
  Push(kA, '2');
  Push(kA, '3');
  EXPECT_EQ(PopAll(), "3b21");
}

// Whoever forges a peer's address costs it nothing but its turn.
TEST_F(HandshakeQueueTest, AMessageInTheNameOfASourceDisplacesNone) {
  Push(kA, 'g');
  for (int i = 0; i < 3; ++i) Push(kA, 'f');
  EXPECT_EQ(PopAll(), "fffg");
}

TEST_F(HandshakeQueueTest, AnotherPortIsAnotherSource) {
  Push("192.0.2.1:1000", '1');
  Push("192.0.2.1:1001", '2');
  EXPECT_EQ(PopAll(), "12");
}

TEST_F(HandshakeQueueTest, AnswersToOurOwnMessagesComeFirst) {
  Push(kA, 'a');
  Push(kB, 'r', /*is_answer=*/true);
  Push(kB, 's', /*is_answer=*/true);
  EXPECT_EQ(PopAll(), "rsa");
  EXPECT_EQ(shared_.answers_waiting, 0u);
}

TEST_F(HandshakeQueueTest, HoldsOnlySoManyAnswers) {
  for (int i = 0; i < 9; ++i) Push(kA, 'r', /*is_answer=*/true);
  EXPECT_EQ(Dropped(DropReason::kHandshakeQueueFull), 1u);
  EXPECT_EQ(shared_.answers_waiting, 8u);
  EXPECT_EQ(PopAll(), "rrrrrrrr");
}

// Its sender has begun anew, and has forgotten the keys of this one.
TEST_F(HandshakeQueueTest, AStaleMessageIsDroppedAndCounted) {
  Push(kA, 'a');
  Push(kB, 'r', /*is_answer=*/true);
  now_ = now_ + kRekeyTimeout - absl::Milliseconds(1);
  Push(kC, 'c');
  EXPECT_EQ(PopAll(2), "ra");
  Push(kA, 'b');
  Push(kB, 's', /*is_answer=*/true);
  now_ = now_ + kRekeyTimeout;
  EXPECT_EQ(PopAll(), "");
  EXPECT_EQ(Dropped(DropReason::kHandshakeStale), 3u);
  EXPECT_EQ(shared_.initiations_waiting, 0u);
  EXPECT_EQ(shared_.answers_waiting, 0u);
}

// Control did not run for a while: whoever tried again in the meantime is answered.
TEST_F(HandshakeQueueTest, AfterAStallTheNewestIsAnswered) {
  for (const char name : {'1', '2', '3'}) {
    Push(kA, name);
    Push(kB, static_cast<char>(name + 3));
    now_ = now_ + kRekeyTimeout;
  }
  now_ = now_ - absl::Seconds(1);
  EXPECT_EQ(PopAll(), "36");
  EXPECT_EQ(Dropped(DropReason::kHandshakeStale), 4u);
}

TEST_F(HandshakeQueueTest, StaleMessagesMakeRoom) {
  for (char name = 'a'; name < 'i'; ++name) {
    Push(("192.0.2.1:" + std::to_string(name)).c_str(), name);
  }
  Push(kA, 'x');
  EXPECT_EQ(Dropped(DropReason::kHandshakeQueueFull), 1u);
  EXPECT_EQ(shared_.initiations_waiting, 8u);
  now_ = now_ + kRekeyTimeout;
  Push(kA, 'y');
  EXPECT_EQ(PopAll(), "y");
  EXPECT_EQ(Dropped(DropReason::kHandshakeStale), 8u);
}

}  // namespace
}  // namespace ringwire
