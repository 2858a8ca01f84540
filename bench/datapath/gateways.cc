#include "bench/datapath/gateways.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "bench/datapath/allocations.h"
#include "crypto/aead_interleaved.h"
#include "crypto/aead_provider.h"
#include "crypto/aes_support.h"
#include "tests/support/tun_frame.h"

namespace ringwire::bench {
namespace {

constexpr size_t kIpAndUdpBytes = 28;
constexpr size_t kIpAndTcpBytes = 40;
// The number of superpackets that the train arena holds.
constexpr size_t kSuperpacketsPerBatch = 7;

Bytes SuperpacketFrame() {
  return TunFrameOf(TcpGso(1420 - kIpAndTcpBytes),
                    BuildSuperpacket({.kind = PacketKind::kTcp,
                                      .payload_bytes = kSuperpackets - kIpAndTcpBytes}));
}

}  // namespace

void Kinds(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("bytes")->Arg(64)->Arg(576)->Arg(1420)->Arg(kSuperpackets);
  // For counts that must not depend on speed (bench/datapath/instructions.py).
  if (const char* const iterations = std::getenv("RINGWIRE_BENCH_ITERATIONS")) {
    benchmark->Iterations(std::atoi(iterations));
  }
}

Gateways::Gateways(benchmark::State& state, const Cipher& cipher, int64_t kind) {
  const bool aes = cipher.suite == crypto::AeadSuite::kAes256Gcm;
  if (aes && !crypto::HasAesHardware()) {
    state.SkipWithError("this CPU has no AES instructions");
    return;
  }
  const uint64_t allocations_before = Allocations();
  crypto::AeadProviders providers;
  providers.by_suite[static_cast<size_t>(cipher.suite)] = cipher.provider;
  pair_ =
      std::make_unique<Pair>(Pair::Options{.inbound = {.coalesce_tcp = true, .coalesce_udp = true},
                                           .a_has_aes = aes,
                                           .b_has_aes = aes,
                                           .aead_providers = providers});
  if (Allocations() == allocations_before) {
    state.SkipWithError("allocations are not counted");
    return;
  }
  if (!pair_->SendFromA() || !pair_->SendFromB()) {
    state.SkipWithError("the gateways did not get a session");
    return;
  }
  if (kind == kSuperpackets) {
    storage_.assign(kSuperpacketsPerBatch, SuperpacketFrame());
  } else {
    const size_t payload = static_cast<size_t>(kind) - kIpAndUdpBytes;
    storage_.assign(kBatchRunsMax, TunFrameOf({}, Pair::PacketFromA(payload)));
  }
  for (Bytes& frame : storage_) {
    frames_.push_back({frame});
    bytes_ += frame.size() - kVnetHeaderBytes;
  }
  // The first batch also warms caches and thread-local state.
  Seal([this](std::span<const SendRun> trains) { packets_ += Open(trains); });
  ok_ = packets_ >= frames_.size();
  if (!ok_) state.SkipWithError("not every packet came out");
}

size_t Gateways::Open(std::span<const SendRun> trains) {
  size_t packets = 0;
  while (!trains.empty()) {
    const size_t count = std::min(trains.size(), received_.size());
    for (size_t i = 0; i < count; ++i) {
      received_[i] = ReceivedRun{trains[i].run, pair_->FromA(), trains[i].tos, false};
    }
    trains = trains.subspan(count);
    pair_->b().inbound().Process(pair_->now(), std::span(received_).first(count));
    for (const TunWrite& write : pair_->b().inbound().to_tun().writes)
      packets += write.segment_count;
  }
  return packets;
}

void Gateways::Report(benchmark::State& state, uint64_t packets_out, uint64_t allocations) const {
  const auto batches = static_cast<uint64_t>(state.iterations());
  const uint64_t packets = batches * packets_;
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.SetBytesProcessed(static_cast<int64_t>(batches * bytes_));
  state.counters["packets_per_batch"] = static_cast<double>(packets_);
  state.counters["allocations_per_packet"] =
      static_cast<double>(allocations) / static_cast<double>(packets);
  if (packets_out != packets) state.SkipWithError("not every packet came out");
  if (allocations != 0) state.SkipWithError("the packet path allocated memory");
}

bool RegisterWithCiphers(const char* name, BenchmarkFunction function,
                         void (*kinds)(benchmark::internal::Benchmark*)) {
#ifdef RINGWIRE_BENCH_CIPHER_OFF
  benchmark::RegisterBenchmark((std::string(name) + "/cipher_off").c_str(), function, Cipher())
      ->Apply(kinds);
#else
  using crypto::AeadProvider;
  using crypto::AeadSuite;
  static const bool has_ipsec_mb =
      crypto::ChooseAeadProviders(crypto::AeadPreference::kIpsecMb).reason.empty();
  for (const AeadSuite suite : {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm}) {
    for (const AeadProvider provider :
         {AeadProvider::kBoringSsl, AeadProvider::kIpsecMb, AeadProvider::kInterleaved}) {
      if (provider == AeadProvider::kIpsecMb && !has_ipsec_mb) continue;
      if (provider == AeadProvider::kInterleaved &&
          (suite == AeadSuite::kAes256Gcm || !crypto::CanInterleave())) {
        continue;
      }
      const std::string row =
          std::string(name) + "/" + AeadSuiteName(suite) + "/" + AeadProviderName(provider);
      benchmark::RegisterBenchmark(row.c_str(), function, Cipher{suite, provider})->Apply(kinds);
    }
  }
#endif
  return true;
}

}  // namespace ringwire::bench
