// TUN to wire to TUN on one core: both directions of the packet path together.

#include <benchmark/benchmark.h>

#include "bench/datapath/allocations.h"
#include "bench/datapath/gateways.h"

namespace ringwire::bench {
namespace {

void BM_Loopback(benchmark::State& state, Cipher cipher) {
  Gateways gateways(state, cipher, state.range(0));
  if (!gateways.ok()) return;
  uint64_t packets = 0;
  const uint64_t before = Allocations();
  for (auto _ : state) {
    gateways.Seal([&](std::span<const SendRun> trains) { packets += gateways.Open(trains); });
  }
  gateways.Report(state, packets, Allocations() - before);
}

[[maybe_unused]] const bool registered = RegisterWithCiphers("BM_Loopback", &BM_Loopback, &Kinds);

}  // namespace
}  // namespace ringwire::bench
