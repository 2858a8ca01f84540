// Sealing and opening one message in place: what each suite costs a core.

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "crypto/aead.h"

namespace ringwire::crypto {
namespace {

void BM_Seal(benchmark::State& state, AeadSuite suite) {
  const AeadKey key(suite, SymmetricKey());
  AeadEngine engine;
  std::vector<uint8_t> buffer(static_cast<size_t>(state.range(0)) + kTagBytes);
  const SealSegment segment{buffer.data(), static_cast<size_t>(state.range(0))};
  uint64_t counter = 0;
  for (auto _ : state) {
    engine.SealRun(key, {&segment, 1}, counter++);
    benchmark::DoNotOptimize(buffer.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void BM_Open(benchmark::State& state, AeadSuite suite) {
  const AeadKey key(suite, SymmetricKey());
  AeadEngine engine;
  const auto size = static_cast<size_t>(state.range(0));
  std::vector<uint8_t> sealed(size + kTagBytes);
  const SealSegment seal{sealed.data(), size};
  engine.SealRun(key, {&seal, 1}, 0);
  std::vector<uint8_t> buffer(sealed.size());
  for (auto _ : state) {
    buffer = sealed;  // opening is in place; the copy is a few percent of it
    OpenSegment segment{buffer.data(), buffer.size(), 0, false};
    engine.OpenRun(key, {&segment, 1});
    if (!segment.ok) state.SkipWithError("the tag did not verify");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(BM_Seal, chacha20_poly1305, AeadSuite::kChaCha20Poly1305)->Arg(64)->Arg(1420);
BENCHMARK_CAPTURE(BM_Open, chacha20_poly1305, AeadSuite::kChaCha20Poly1305)->Arg(64)->Arg(1420);
BENCHMARK_CAPTURE(BM_Seal, aes_256_gcm, AeadSuite::kAes256Gcm)->Arg(64)->Arg(1420);
BENCHMARK_CAPTURE(BM_Open, aes_256_gcm, AeadSuite::kAes256Gcm)->Arg(64)->Arg(1420);

}  // namespace
}  // namespace ringwire::crypto
