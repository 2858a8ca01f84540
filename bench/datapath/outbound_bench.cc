// TUN to wire: the work of core from read packets to sealed trains.

#include <benchmark/benchmark.h>

#include "bench/datapath/allocations.h"
#include "bench/datapath/gateways.h"

namespace ringwire::bench {
namespace {

void BM_Outbound(benchmark::State& state, Cipher cipher) {
  Gateways gateways(state, cipher, state.range(0));
  if (!gateways.ok()) return;
  uint64_t packets = 0;
  const uint64_t before = Allocations();
  for (auto _ : state) {
    gateways.Seal([&](std::span<const SendRun> trains) {
      for (const SendRun& train : trains) packets += train.run.count;
    });
  }
  gateways.Report(state, packets, Allocations() - before);
}

[[maybe_unused]] const bool registered = RegisterWithCiphers("BM_Outbound", &BM_Outbound, &Kinds);

}  // namespace
}  // namespace ringwire::bench
