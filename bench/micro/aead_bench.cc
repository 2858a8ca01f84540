// Sealing and opening runs of messages in place: the cost of each suite per provider.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/aead.h"
#include "crypto/aead_interleaved.h"
#include "crypto/aead_provider.h"

namespace ringwire::crypto {
namespace {

// Messages of one size, one after another as in a train.
struct Train {
  Train(size_t size, size_t segments) : bytes(segments * (size + kTagBytes)) {
    for (size_t i = 0; i < segments; ++i) {
      uint8_t* const data = bytes.data() + i * (size + kTagBytes);
      to_seal.push_back({data, size});
      to_open.push_back({data, size + kTagBytes, i, false});
    }
  }

  std::vector<uint8_t> bytes;
  std::vector<SealSegment> to_seal;
  std::vector<OpenSegment> to_open;
};

AeadProviders ProvidersWith(AeadSuite suite, AeadProvider provider) {
  AeadProviders providers;
  providers.by_suite[static_cast<size_t>(suite)] = provider;
  return providers;
}

void Seal(benchmark::State& state, AeadSuite suite, AeadProvider provider) {
  const AeadKey key(suite, SymmetricKey());
  AeadEngine engine(ProvidersWith(suite, provider));
  Train train(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  uint64_t counter = 0;
  for (auto _ : state) {
    engine.SealRun(key, train.to_seal, counter);
    counter += train.to_seal.size();
    benchmark::DoNotOptimize(train.bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

void Open(benchmark::State& state, AeadSuite suite, AeadProvider provider) {
  const AeadKey key(suite, SymmetricKey());
  AeadEngine engine(ProvidersWith(suite, provider));
  Train train(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  engine.SealRun(key, train.to_seal, 0);
  const std::vector<uint8_t> sealed = train.bytes;
  for (auto _ : state) {
    // Opening is in place; the copy is a few percent of it.
    std::copy(sealed.begin(), sealed.end(), train.bytes.begin());
    engine.OpenRun(key, train.to_open);
    if (!train.to_open.back().ok) state.SkipWithError("the tag did not verify");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

// A row for each provider that this machine has.
[[maybe_unused]] const bool registered = [] {
  std::vector<AeadProvider> providers = {AeadProvider::kBoringSsl};
  const AeadProviderChoice choice = ChooseAeadProviders(AeadPreference::kIpsecMb);
  if (choice.reason.empty()) providers.push_back(AeadProvider::kIpsecMb);
  if (CanInterleave()) providers.push_back(AeadProvider::kInterleaved);
  for (const auto& [verb, function] : {std::pair("Seal", &Seal), std::pair("Open", &Open)}) {
    for (const AeadSuite suite : {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm}) {
      for (const AeadProvider provider : providers) {
        if (suite == AeadSuite::kAes256Gcm && provider == AeadProvider::kInterleaved) continue;
        const std::string name =
            std::string(verb) + "/" + AeadSuiteName(suite) + "/" + AeadProviderName(provider);
        benchmark::RegisterBenchmark(name.c_str(), function, suite, provider)
            ->ArgNames({"bytes", "segments"})
            ->ArgsProduct({{64, 576, 1420}, {1, 8, 45}});
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace ringwire::crypto
