// The replay check of one message: counters in order, and as a reordering network delivers them.

#include <benchmark/benchmark.h>

#include "core/noise/replay_window.h"

namespace ringwire {
namespace {

void BM_ReplayInOrder(benchmark::State& state) {
  ReplayWindow window;
  uint64_t counter = 0;
  for (auto _ : state) benchmark::DoNotOptimize(window.CheckAndSet(counter++));
}
BENCHMARK(BM_ReplayInOrder);

void BM_ReplayReordered(benchmark::State& state) {
  ReplayWindow window;
  uint64_t counter = 0;
  for (auto _ : state) {
    // Runs of 64, each back to front.
    const uint64_t reordered = (counter & ~uint64_t{63}) | (63 - (counter & 63));
    benchmark::DoNotOptimize(window.CheckAndSet(reordered));
    ++counter;
  }
}
BENCHMARK(BM_ReplayReordered);

}  // namespace
}  // namespace ringwire
