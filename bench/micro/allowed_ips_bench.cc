// Cost of one AllowedIps::Lookup by the size of the table, for addresses that are inside some
// prefix, in random order: the cost per run of a gateway with that many peers. And the cost of
// adding one prefix to a table of that size.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/endian.h"
#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/routing/allowed_ips.h"
#include "core/routing/peer_slot.h"
#include "core/routing/staged_queue.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr size_t kLookups = 1 << 16;  // a power of two

IpAddress RandomAddress(IpFamily family, SeededRandom* random) {
  std::array<uint8_t, 16> bytes{};
  StoreLe64(bytes.data(), random->Next());
  StoreLe64(bytes.data() + 8, random->Next());
  if (family == IpFamily::kV4) return IpAddress::V4(std::span<const uint8_t, 16>(bytes).first<4>());
  bytes[0] = 0xfd;  // unique local, as networks of this kind use
  return IpAddress::V6(bytes);
}

// Host prefixes of random addresses, as a large deployment has them.
class Table {
 public:
  Table(IpFamily family, size_t count) {
    std::vector<IpAddress> hosts;
    for (size_t i = 0; i < count; ++i) {
      hosts.push_back(RandomAddress(family, &random_));
      allowed_ips_.Insert(Prefix::Of(hosts.back(), hosts.back().Bits()), &peer_);
    }
    allowed_ips_.Commit(Instant());
    for (size_t i = 0; i < kLookups; ++i) addresses_.push_back(hosts[random_.Below(count)]);
  }

  const IpAddress& address(size_t i) const { return addresses_[i % kLookups]; }
  AllowedIps& allowed_ips() { return allowed_ips_; }
  QuiescenceDomain& quiescence() { return quiescence_; }
  PeerSlot* peer() { return &peer_; }

 private:
  SeededRandom random_{1};
  StagedPool pool_;
  PeerSlot peer_{PeerId{0, 1}, &pool_};
  QuiescenceDomain quiescence_;
  AllowedIps allowed_ips_{&quiescence_};
  std::vector<IpAddress> addresses_;
};

void Lookup(benchmark::State& state, IpFamily family) {
  Table table(family, static_cast<size_t>(state.range(0)));
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(table.allowed_ips().Lookup(table.address(i++)));
  state.SetItemsProcessed(state.iterations());
}

// One batch adds the prefix, the next one removes it; replaced nodes are destroyed.
void AddAndRemoveOne(benchmark::State& state, IpFamily family) {
  Table table(family, static_cast<size_t>(state.range(0)));
  SeededRandom random(2);
  for (auto _ : state) {
    const IpAddress address = RandomAddress(family, &random);
    const Prefix prefix = Prefix::Of(address, address.Bits());
    table.allowed_ips().Insert(prefix, table.peer());
    table.allowed_ips().Commit(Instant());
    table.allowed_ips().Remove(prefix, table.peer());
    table.allowed_ips().Commit(Instant());
    table.quiescence().Collect();
  }
}

// The largest known peer: adds so many prefixes in one batch, then removes them all.
void InsertManyOfOnePeer(benchmark::State& state) {
  StagedPool pool;
  PeerSlot peer(PeerId{0, 1}, &pool);
  for (auto _ : state) {
    QuiescenceDomain quiescence;
    AllowedIps allowed_ips(&quiescence);
    std::array<uint8_t, 4> bytes;
    for (uint32_t i = 0; i < static_cast<uint32_t>(state.range(0)); ++i) {
      StoreBe32(bytes.data(), 0x0a000000 + (i << 7));
      allowed_ips.Insert(Prefix::Of(IpAddress::V4(bytes), 25), &peer);
    }
    allowed_ips.Commit(Instant());
    allowed_ips.RemoveAll(&peer);
    allowed_ips.Commit(Instant());
    quiescence.Collect();
  }
}

BENCHMARK_CAPTURE(Lookup, v4, IpFamily::kV4)->Arg(1)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(Lookup, v6, IpFamily::kV6)->Arg(1)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(AddAndRemoveOne, v4, IpFamily::kV4)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(AddAndRemoveOne, v6, IpFamily::kV6)->Arg(1000)->Arg(1'000'000);
BENCHMARK(InsertManyOfOnePeer)->Arg(130'560)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ringwire
