// Wire to TUN: the work of core from received trains to writes for TUN. A train can be opened only
// once, so each is sealed anew outside the measured time.

#include <benchmark/benchmark.h>
#include <time.h>

#include "bench/datapath/allocations.h"
#include "bench/datapath/gateways.h"

namespace ringwire::bench {
namespace {

// CPU time of this thread in seconds, without other programs.
double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void BM_Inbound(benchmark::State& state, Cipher cipher) {
  Gateways gateways(state, cipher, state.range(0));
  if (!gateways.ok()) return;
  uint64_t packets = 0;
  const uint64_t before = Allocations();
  for (auto _ : state) {
    double seconds = 0;
    gateways.Seal([&](std::span<const SendRun> trains) {
      const double begin = ThreadSeconds();
      packets += gateways.Open(trains);
      seconds += ThreadSeconds() - begin;
    });
    state.SetIterationTime(seconds);
  }
  gateways.Report(state, packets, Allocations() - before);
}

[[maybe_unused]] const bool registered =
    RegisterWithCiphers("BM_Inbound", &BM_Inbound, &KindsTimedByHand);

}  // namespace
}  // namespace ringwire::bench
