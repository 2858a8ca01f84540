#include "platform/control/heap_trim.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr size_t kMany = HeapTrim::kPeersChanged;

TEST(HeapTrimTest, IsDueOnceAfterManyPeersCameAndOnceAfterTheyLeft) {
  HeapTrim trim;
  EXPECT_FALSE(trim.TakeDue(kMany - 1, 0));
  EXPECT_TRUE(trim.TakeDue(kMany, 0));
  EXPECT_FALSE(trim.TakeDue(kMany, 0));
  EXPECT_FALSE(trim.TakeDue(1, 0));
  EXPECT_TRUE(trim.TakeDue(0, 0));
}

TEST(HeapTrimTest, ManySmallChangesAddUp) {
  HeapTrim trim;
  size_t due = 0;
  for (size_t peers = 0; peers < 3 * kMany; ++peers) due += trim.TakeDue(peers, 0) ? 1 : 0;
  EXPECT_EQ(due, 2u);
}

TEST(HeapTrimTest, WaitsUntilRemovedPeersAreDestroyed) {
  HeapTrim trim;
  ASSERT_TRUE(trim.TakeDue(2 * kMany, 0));
  EXPECT_FALSE(trim.TakeDue(0, 2 * kMany));
  EXPECT_TRUE(trim.TakeDue(0, 0));
}

}  // namespace
}  // namespace ringwire::platform
