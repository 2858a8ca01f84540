#include "platform/worker/turn_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ringwire::platform {
namespace {

constexpr size_t kSuperpacketBytes = 64'000;

// Frames and datagrams of one size, all in the same bytes: nobody looks into them.
struct Turn {
  Turn(size_t frame_count, size_t frame_bytes, size_t run_count, size_t run_bytes)
      : bytes(std::max(frame_bytes, run_bytes)),
        frames(frame_count, TunFrame{std::span(bytes).first(frame_bytes)}) {
    ReceivedRun received;
    received.run = Run::Of(std::span(bytes).first(run_bytes));
    runs.assign(run_count, received);
  }
  size_t FramesNow() const { return FramesOfTurn(frames, runs); }

  std::vector<uint8_t> bytes;
  std::vector<TunFrame> frames;
  std::vector<ReceivedRun> runs;
};

TEST(TurnBudgetTest, TakesAllFramesWhileNoDatagramsWait) {
  EXPECT_EQ(Turn(64, kSuperpacketBytes, 0, 1).FramesNow(), 64u);
  EXPECT_EQ(Turn(64, kSuperpacketBytes, kRunsOfBacklog - 1, 100).FramesNow(), 64u);
  EXPECT_EQ(Turn(0, 1, 64, 100).FramesNow(), 0u);
}

TEST(TurnBudgetTest, TakesFewSuperpacketsWhileSmallDatagramsWait) {
  EXPECT_EQ(Turn(64, kSuperpacketBytes, kRunsOfBacklog, 100).FramesNow(), 2u);
}

TEST(TurnBudgetTest, TakesAllSmallPacketsBesideSmallDatagrams) {
  EXPECT_EQ(Turn(64, 100, 64, 100).FramesNow(), 64u);
}

TEST(TurnBudgetTest, TakesAsManyBytesAsArrivedInTrains) {
  EXPECT_EQ(Turn(64, kSuperpacketBytes, 40, kSuperpacketBytes / 2).FramesNow(), 20u);
}

TEST(TurnBudgetTest, TakesAFrameHoweverMuchWaits) {
  EXPECT_EQ(Turn(64, 65'535, 64, 32).FramesNow(), 2u);
  EXPECT_EQ(Turn(1, 65'535, 64, 32).FramesNow(), 1u);
}

}  // namespace
}  // namespace ringwire::platform
