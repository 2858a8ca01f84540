#include "core/control/deadline_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }

TEST(DeadlineQueueTest, EmptyQueueHasNoDeadline) {
  DeadlineQueue queue;
  EXPECT_TRUE(queue.earliest().IsInfiniteFuture());
  EXPECT_EQ(queue.PopDue(At(1'000'000)), std::nullopt);
}

TEST(DeadlineQueueTest, GivesThePeersInTheOrderOfTheirDeadlines) {
  DeadlineQueue queue;
  queue.Set(0, At(30));
  queue.Set(1, At(10));
  queue.Set(2, At(20));
  EXPECT_EQ(queue.earliest(), At(10));
  EXPECT_EQ(queue.PopDue(At(20)), 1U);
  EXPECT_EQ(queue.PopDue(At(20)), 2U);
  EXPECT_EQ(queue.PopDue(At(20)), std::nullopt) << "30 is not due at 20";
  EXPECT_EQ(queue.PopDue(At(30)), 0U);
}

TEST(DeadlineQueueTest, EqualDeadlinesComeByPeerIndex) {
  DeadlineQueue queue;
  for (const uint32_t index : {7U, 3U, 5U}) queue.Set(index, At(10));
  EXPECT_EQ(queue.PopDue(At(10)), 3U);
  EXPECT_EQ(queue.PopDue(At(10)), 5U);
  EXPECT_EQ(queue.PopDue(At(10)), 7U);
}

TEST(DeadlineQueueTest, APeerHasOneDeadlineWhichSetReplaces) {
  DeadlineQueue queue;
  queue.Set(4, At(10));
  queue.Set(4, At(50));
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.PopDue(At(10)), std::nullopt);
  queue.Set(4, At(5));
  EXPECT_EQ(queue.PopDue(At(10)), 4U);
  EXPECT_EQ(queue.PopDue(At(100)), std::nullopt);
}

TEST(DeadlineQueueTest, RemoveAndInfiniteFutureTakeADeadlineAway) {
  DeadlineQueue queue;
  queue.Set(1, At(10));
  queue.Set(2, At(20));
  queue.Remove(1);
  queue.Set(2, Instant::InfiniteFuture());
  queue.Remove(1000);  // never had one
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.earliest().IsInfiniteFuture());
}

TEST(DeadlineQueueTest, AgreesWithAPlainMapOnRandomOperations) {
  DeadlineQueue queue;
  std::map<uint32_t, Instant> model;
  SeededRandom random(11);
  for (int step = 0; step < 5000; ++step) {
    const auto index = static_cast<uint32_t>(random.Below(40));
    if (random.Below(4) == 0) {
      queue.Remove(index);
      model.erase(index);
    } else {
      const Instant deadline = At(static_cast<int64_t>(random.Below(100)));
      queue.Set(index, deadline);
      model[index] = deadline;
    }
    Instant earliest = Instant::InfiniteFuture();
    for (const auto& [peer, deadline] : model) earliest = std::min(earliest, deadline);
    ASSERT_EQ(queue.earliest(), earliest) << "step " << step;
    ASSERT_EQ(queue.size(), model.size()) << "step " << step;
  }
}

}  // namespace
}  // namespace ringwire
