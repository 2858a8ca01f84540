#ifndef RINGWIRE_BENCH_DATAPATH_GATEWAYS_H_
#define RINGWIRE_BENCH_DATAPATH_GATEWAYS_H_

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "crypto/aead.h"
#include "tests/support/pair.h"

// Two gateways in memory with a session between them, and batches of packets: the common part of
// the data path's benchmarks.
namespace ringwire::bench {

// The argument of a benchmark: the size of the single IP packets in a batch, or this value for the
// largest TCP superpackets that the kernel delivers.
inline constexpr int64_t kSuperpackets = 65'535;

// Suite and provider. Without a cipher neither matters.
struct Cipher {
  crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305;
  crypto::AeadProvider provider = crypto::AeadProvider::kBoringSsl;
};

// A sends, B receives; one thread, virtual time, no system call.
class Gateways {
 public:
  // Makes a session with `cipher` and prepares a batch of `kind`. If that is impossible here, skips
  // the benchmark with the reason, and ok() is false.
  Gateways(benchmark::State& state, const Cipher& cipher, int64_t kind);

  bool ok() const { return ok_; }

  // One batch through A's Outbound in as many calls as its arena takes; `sealed` is called with the
  // trains of each.
  template <typename Sealed>
  void Seal(Sealed&& sealed) {
    std::span<const TunFrame> frames = frames_;
    while (!frames.empty()) {
      pair_->a().outbound().Reset();
      const size_t taken = pair_->a().outbound().Process(pair_->now(), frames);
      frames = frames.subspan(taken);
      sealed(pair_->a().outbound().to_wire());
    }
  }
  // Trains through B's Inbound; returns how many packets it would write to TUN.
  size_t Open(std::span<const SendRun> trains);

  // The IP packets that one batch sends, and their bytes.
  size_t packets() const { return packets_; }
  size_t bytes() const { return bytes_; }

  // Call at the end, after every iteration has sent a batch: reports packets and bytes per second.
  // An allocation, or a lost packet, is an error of the benchmark.
  void Report(benchmark::State& state, uint64_t packets_out, uint64_t allocations) const;

 private:
  bool ok_ = false;
  std::unique_ptr<Pair> pair_;
  std::vector<Bytes> storage_;
  std::vector<TunFrame> frames_;
  size_t packets_ = 0;
  size_t bytes_ = 0;
  std::array<ReceivedRun, kBatchRunsMax> received_;
};

// Inner packet sizes; the superpackets are cut for an MTU of 1420.
void Kinds(benchmark::internal::Benchmark* benchmark);
inline void KindsTimedByHand(benchmark::internal::Benchmark* benchmark) {
  Kinds(benchmark);
  benchmark->UseManualTime();
}

// Registers a benchmark for each suite and each provider that this machine has, as
// NAME/SUITE/PROVIDER; in the build without a cipher once, as NAME/cipher_off. The result only
// serves to call this before main.
using BenchmarkFunction = void (*)(benchmark::State& state, Cipher cipher);
bool RegisterWithCiphers(const char* name, BenchmarkFunction function,
                         void (*kinds)(benchmark::internal::Benchmark*));

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_DATAPATH_GATEWAYS_H_
