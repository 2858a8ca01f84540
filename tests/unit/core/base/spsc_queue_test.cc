#include "core/base/spsc_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace ringwire {
namespace {

TEST(SpscQueueTest, GivesBackInTheOrderOfPushing) {
  SpscQueue<int> queue(4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.TryPush(int{i}));
  for (int i = 0; i < 3; ++i) {
    int value = -1;
    ASSERT_TRUE(queue.TryPop(&value));
    EXPECT_EQ(value, i);
  }
}

TEST(SpscQueueTest, PopFromEmptyLeavesTheValueAlone) {
  SpscQueue<int> queue(2);
  int value = 7;
  EXPECT_FALSE(queue.TryPop(&value));
  EXPECT_EQ(value, 7);
}

TEST(SpscQueueTest, RefusesWhenFullAndLeavesTheValueWithItsOwner) {
  SpscQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.TryPush(std::make_unique<int>(1)));
  EXPECT_TRUE(queue.TryPush(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(queue.TryPush(std::move(third)));
  ASSERT_NE(third, nullptr);
  std::unique_ptr<int> first;
  ASSERT_TRUE(queue.TryPop(&first));
  EXPECT_EQ(*first, 1);
  EXPECT_TRUE(queue.TryPush(std::move(third)));
  EXPECT_EQ(third, nullptr);
}

TEST(SpscQueueTest, HoldsItsWholeCapacityAfterManyTurnsOfTheRing) {
  SpscQueue<int> queue(8);
  EXPECT_EQ(queue.capacity(), 8u);
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(queue.TryPush(turn * 8 + i));
    ASSERT_FALSE(queue.TryPush(-1));
    ASSERT_EQ(queue.size(), 8u);
    const int taken = turn % 2 == 0 ? 8 : 5;
    for (int i = 0; i < taken; ++i) {
      int value = -1;
      ASSERT_TRUE(queue.TryPop(&value));
      ASSERT_EQ(value, turn * 8 + i);
    }
    for (int i = taken; i < 8; ++i) {
      int value = -1;
      ASSERT_TRUE(queue.TryPop(&value));
    }
    ASSERT_EQ(queue.size(), 0u);
  }
}

TEST(SpscQueueTest, KeepsNothingAliveThatWasPopped) {
  SpscQueue<std::shared_ptr<int>> queue(2);
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owner;
  ASSERT_TRUE(queue.TryPush(std::move(owner)));
  std::shared_ptr<int> popped;
  ASSERT_TRUE(queue.TryPop(&popped));
  popped.reset();
  EXPECT_TRUE(seen.expired());
}

TEST(SpscQueueDeathTest, InsistsOnAPowerOfTwo) {
  EXPECT_DEATH(SpscQueue<int>(6), "CHECK failed");
  EXPECT_DEATH(SpscQueue<int>(0), "CHECK failed");
}

}  // namespace
}  // namespace ringwire
