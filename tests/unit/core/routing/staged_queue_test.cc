#include "core/routing/staged_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace ringwire {
namespace {

std::vector<uint8_t> PacketOf(size_t bytes, uint8_t fill) {
  return std::vector<uint8_t>(bytes, fill);
}

// The first byte of each packet that waits.
std::vector<uint8_t> Drain(StagedQueue* queue) {
  std::vector<uint8_t> all;
  for (std::vector<uint8_t> packet; queue->Pop(&packet);) all.push_back(packet[0]);
  return all;
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
    ASSERT_EQ(result.dropped_own, 0u);
  }
  const auto result = queue.Push(PacketOf(1, 200));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_own, 1u);
  EXPECT_EQ(pool.used(), kStagedPacketsPerPeerMax);
  std::vector<uint8_t> out;
  ASSERT_TRUE(queue.Pop(&out));
  EXPECT_EQ(out, PacketOf(1, 1));
}

TEST(StagedQueueTest, ThePeersOldestMakeRoomAtItsQuotaAlsoInAnEmptyPool) {
  StagedPool pool(1000, 100);
  StagedQueue queue(&pool);
  for (uint8_t i = 0; i < 4; ++i) ASSERT_TRUE(queue.Push(PacketOf(25, i)).stored);
  const auto result = queue.Push(PacketOf(50, 9));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_own, 2u);
  EXPECT_EQ(result.dropped_for_pool, 0u);
  EXPECT_EQ(pool.used(), 100u);
  EXPECT_EQ(Drain(&queue), (std::vector<uint8_t>{2, 3, 9}));
}

TEST(StagedQueueTest, InAFullPoolTheOldestOfWhoeverHoldsMostMakesRoom) {
  StagedPool pool(100, 60);
  StagedQueue little(&pool), much(&pool), newcomer(&pool);
  ASSERT_TRUE(little.Push(PacketOf(40, 1)).stored);
  ASSERT_TRUE(much.Push(PacketOf(30, 2)).stored);
  ASSERT_TRUE(much.Push(PacketOf(30, 3)).stored);
  const auto result = newcomer.Push(PacketOf(10, 4));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_own, 0u);
  EXPECT_EQ(result.dropped_for_pool, 1u);
  EXPECT_EQ(pool.used(), 80u);
  EXPECT_EQ(Drain(&much), std::vector<uint8_t>{3});
  EXPECT_EQ(Drain(&little), std::vector<uint8_t>{1});
  EXPECT_EQ(Drain(&newcomer), std::vector<uint8_t>{4});
}

TEST(StagedQueueTest, APeerThatHoldsMostItselfMakesItsOwnRoom) {
  StagedPool pool(100, 100);
  StagedQueue little(&pool), much(&pool);
  ASSERT_TRUE(little.Push(PacketOf(20, 1)).stored);
  for (uint8_t i = 2; i < 6; ++i) ASSERT_TRUE(much.Push(PacketOf(20, i)).stored);
  const auto result = much.Push(PacketOf(20, 6));
  EXPECT_TRUE(result.stored);
  EXPECT_EQ(result.dropped_for_pool, 1u);
  EXPECT_EQ(Drain(&much), (std::vector<uint8_t>{3, 4, 5, 6}));
  EXPECT_EQ(Drain(&little), std::vector<uint8_t>{1});
}

TEST(StagedQueueTest, APacketLargerThanWhatAnyOtherPeerHoldsIsTheOneThatGoes) {
  StagedPool pool(100, 100);
  std::deque<StagedQueue> others;
  for (uint8_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(others.emplace_back(&pool).Push(PacketOf(10, i)).stored);
  }
  StagedQueue newcomer(&pool);
  const auto result = newcomer.Push(PacketOf(11, 20));
  EXPECT_FALSE(result.stored);
  EXPECT_EQ(result.dropped_for_pool, 1u);
  EXPECT_TRUE(newcomer.empty());
  for (StagedQueue& other : others) EXPECT_FALSE(other.empty());
}

TEST(StagedQueueTest, AmongEqualsTheOneThatHasWaitedLongestMakesRoom) {
  StagedPool pool(100, 100);
  std::deque<StagedQueue> queues;
  for (uint8_t i = 0; i < 15; ++i) {
    EXPECT_TRUE(queues.emplace_back(&pool).Push(PacketOf(10, i)).stored);
  }
  for (size_t i = 0; i < queues.size(); ++i) EXPECT_EQ(queues[i].empty(), i < 5) << i;
  EXPECT_EQ(pool.used(), 100u);
}

// What one peer pays when many others send as fast as they can: nothing, whatever they send.
TEST(StagedQueueTest, HoweverManyPeersFillThePoolOneMoreIsServed) {
  for (const size_t packet_bytes : {100u, 1420u, 9000u, 65'472u}) {
    SCOPED_TRACE(packet_bytes);
    // A few more than its limits let a peer keep.
    const size_t packets =
        2 + std::min(kStagedPacketsPerPeerMax, kStagedBytesPerPeerMax / packet_bytes);
    StagedPool pool;
    std::deque<StagedQueue> flooders;
    for (size_t i = 0; i < 2 * kStagedPoolBytes / kStagedBytesPerPeerMax; ++i) {
      flooders.emplace_back(&pool);
    }
    const auto flood = [&] {
      for (StagedQueue& flooder : flooders) {
        for (size_t i = 0; i < packets; ++i) flooder.Push(PacketOf(packet_bytes, 1));
      }
    };
    flood();
    StagedQueue honest(&pool);
    EXPECT_TRUE(honest.Push(PacketOf(84, 7)).stored);
    flood();
    EXPECT_LE(pool.used(), kStagedPoolBytes);
    EXPECT_EQ(Drain(&honest), std::vector<uint8_t>{7});
  }
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

TEST(StagedQueueTest, AQueueThatIsGoneIsNeverAskedToMakeRoom) {
  StagedPool pool(100, 100);
  StagedQueue stays(&pool);
  ASSERT_TRUE(stays.Push(PacketOf(40, 1)).stored);
  {
    StagedQueue goes(&pool);
    ASSERT_TRUE(goes.Push(PacketOf(60, 2)).stored);
  }
  EXPECT_TRUE(stays.Push(PacketOf(50, 3)).stored);
  EXPECT_TRUE(stays.Push(PacketOf(10, 4)).stored);
  EXPECT_EQ(pool.used(), 100u);
}

}  // namespace
}  // namespace ringwire
