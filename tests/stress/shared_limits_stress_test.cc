// What all workers share beside the published state, with real threads: the staged pool and the
// table of sources.

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/counters.h"
#include "core/datapath/load_sources.h"
#include "core/routing/staged_queue.h"

namespace ringwire {
namespace {

constexpr size_t kThreads = 4;

void RunThreads(const std::function<void(size_t thread)>& body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

// Every thread pushes into every queue and takes from one: pushes evict from queues that others are
// pushing into, taking from, clearing, or destroying.
TEST(SharedLimitsStressTest, EveryByteOfTheStagedPoolIsGivenBackOnce) {
  constexpr size_t kQueues = 8, kRounds = 5'000;
  StagedPool pool(4'000, 1'000);
  std::deque<StagedQueue> queues;
  for (size_t i = 0; i < kQueues; ++i) queues.emplace_back(&pool);
  std::atomic<size_t> pushed{0}, dropped{0}, taken{0};
  RunThreads([&](size_t thread) {
    const std::vector<uint8_t> packet(50 + 100 * thread);
    std::vector<uint8_t> out;
    for (size_t round = 0; round < kRounds; ++round) {
      const StagedQueue::PushResult result = queues[round % kQueues].Push(packet);
      ++pushed;
      dropped += result.dropped_own + result.dropped_for_pool;
      if (queues[thread].Pop(&out)) ++taken;
      if (round % 100 == 0) taken += queues[kQueues - 1 - thread].Clear();
      if (round % 50 == 0) {
        StagedQueue passing(&pool);
        const StagedQueue::PushResult own = passing.Push(packet);
        pushed += 1;
        dropped += own.dropped_own + own.dropped_for_pool;
        taken += passing.Clear();
      }
      EXPECT_LE(pool.used(), 4'000u);
    }
  });
  for (StagedQueue& queue : queues) taken += queue.Clear();
  EXPECT_EQ(pushed, dropped + taken);
  EXPECT_EQ(pool.used(), 0u);
}

TEST(SharedLimitsStressTest, WorkersCountASourceTogether) {
  LoadSources sources(7);
  const IpAddress source = *IpAddress::Parse("192.0.2.1");
  const Instant now = Instant::FromNanoseconds(1'000'000'000);
  std::atomic<int> welcome{0}, tokens{0};
  RunThreads([&](size_t) {
    WorkerCounters counters;
    for (int i = 0; i < 1'000; ++i) {
      if (!sources.CountInitiation(now, source, &counters)) ++welcome;
      if (sources.TakeToken(now, source, &counters)) ++tokens;
    }
  });
  EXPECT_EQ(welcome, 20);
  EXPECT_EQ(tokens, 5);
}

}  // namespace
}  // namespace ringwire
