#include "core/routing/staged_queue.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ringwire {
namespace {

std::vector<uint8_t> PacketOf(size_t bytes, uint8_t fill) {
  return std::vector<uint8_t>(bytes, fill);
}

TEST(StagedPoolTest, GivesUpToItsBudgetAndNoMore) {
  StagedPool pool(100);
  EXPECT_TRUE(pool.Take(60));
  EXPECT_FALSE(pool.Take(41));
  EXPECT_EQ(pool.used(), 60u) << "a refusal takes nothing";
  EXPECT_TRUE(pool.Take(40));
  EXPECT_FALSE(pool.Take(1));
  pool.Give(40);
  EXPECT_TRUE(pool.Take(1));
  EXPECT_FALSE(pool.Take(std::numeric_limits<size_t>::max()));
}

TEST(StagedQueueTest, GivesBackCopiesOldestFirst) {
  StagedPool pool;
  StagedQueue queue(&pool);
  std::vector<uint8_t> packet = PacketOf(10, 1);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.Push(packet).stored);
  packet.assign(20, 2);
  EXPECT_TRUE(queue.Push(packet).stored);
  packet.assign(20, 3);
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(pool.used(), 30u);

  std::vector<uint8_t> out;
  ASSERT_TRUE(queue.Pop(&out));
  EXPECT_EQ(out, PacketOf(10, 1));
  ASSERT_TRUE(queue.Pop(&out));
  EXPECT_EQ(out, PacketOf(20, 2));
  EXPECT_FALSE(queue.Pop(&out));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.used(), 0u);
}

TEST(StagedQueueTest, ThePeersOldestMakesRoomAtThePacketLimit) {
  StagedPool pool;
  StagedQueue queue(&pool);
  for (size_t i = 0; i < kStagedPacketsPerPeerMax; ++i) {
    const auto result = queue.Push(PacketOf(1, static_cast<uint8_t>(i)));
    ASSERT_TRUE(result.stored);
    ASSERT_EQ(result.dropped_oldest, 0u);
  }
  const auto result = queue.Push(PacketOf(1, 200));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_oldest, 1u);
  EXPECT_EQ(pool.used(), kStagedPacketsPerPeerMax);
  std::vector<uint8_t> out;
  ASSERT_TRUE(queue.Pop(&out));
  EXPECT_EQ(out, PacketOf(1, 1));
}

TEST(StagedQueueTest, ThePeersOldestMakeRoomInAFullPool) {
  StagedPool pool(100);
  StagedQueue queue(&pool);
  for (uint8_t i = 0; i < 4; ++i) ASSERT_TRUE(queue.Push(PacketOf(25, i)).stored);
  const auto result = queue.Push(PacketOf(50, 9));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_oldest, 2u);
  EXPECT_EQ(pool.used(), 100u);
  std::vector<uint8_t> out;
  ASSERT_TRUE(queue.Pop(&out));
  EXPECT_EQ(out, PacketOf(25, 2));
}

TEST(StagedQueueTest, NeverTakesTheRoomOfAnotherPeer) {
  StagedPool pool(100);
  StagedQueue other(&pool);
  ASSERT_TRUE(other.Push(PacketOf(90, 1)).stored);
  StagedQueue queue(&pool);
  ASSERT_TRUE(queue.Push(PacketOf(10, 2)).stored);
  const auto result = queue.Push(PacketOf(11, 3));
  EXPECT_FALSE(result.stored);
  EXPECT_EQ(result.dropped_oldest, 1u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.used(), 90u);
  EXPECT_FALSE(other.empty());
}

TEST(StagedQueueTest, ClearAndDestructionGiveTheBytesBack) {
  StagedPool pool;
  {
    StagedQueue queue(&pool);
    ASSERT_TRUE(queue.Push(PacketOf(10, 1)).stored);
    ASSERT_TRUE(queue.Push(PacketOf(10, 2)).stored);
    EXPECT_EQ(queue.Clear(), 2u);
    EXPECT_EQ(queue.Clear(), 0u);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(pool.used(), 0u);
    ASSERT_TRUE(queue.Push(PacketOf(10, 3)).stored);
  }
  EXPECT_EQ(pool.used(), 0u);
}

}  // namespace
}  // namespace ringwire
