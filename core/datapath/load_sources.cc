#include "core/datapath/load_sources.h"

#include <algorithm>

#include "core/base/endian.h"
#include "core/base/limits.h"

namespace ringwire {
namespace {

constexpr size_t kWays = 8;
constexpr size_t kSets = kLoadSourcesMax / kWays;
static_assert((kSets & (kSets - 1)) == 0);

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr uint32_t kInitiationsPerSecond = 20;
constexpr int64_t kTokenNs = kSecondNs / 20;
constexpr int64_t kBucketNs = kTokenNs * 5;

// A keyed mix (the finaliser of splitmix64 over both halves): spreads sources over the sets,
// unpredictably from outside.
uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

LoadSources::LoadSources(uint64_t seed, WorkerCounters* counters)
    : seed_(seed), counters_(counters), table_(kLoadSourcesMax) {}

LoadSources::Source& LoadSources::Find(Instant now, const IpAddress& address) {
  // An IPv6 host owns its /64: what it sends from the rest of it is the same source.
  const uint64_t high = address.family == IpFamily::kV4 ? LoadBe32(address.bytes.data())
                                                        : LoadBe64(address.bytes.data());
  const uint64_t low = static_cast<uint64_t>(address.family);
  Source* const set = &table_[(Mix(high ^ Mix(low ^ seed_)) & (kSets - 1)) * kWays];
  Source* oldest = set;
  for (Source* source = set; source != set + kWays; ++source) {
    if (source->last_seen_ns != 0 && source->key_high == high && source->key_low == low) {
      source->last_seen_ns = now.nanoseconds();
      return *source;
    }
    if (source->last_seen_ns < oldest->last_seen_ns) oldest = source;
  }
  // One that has been quiet for a second has nothing left to answer for.
  if (oldest->last_seen_ns != 0 && now.nanoseconds() - oldest->last_seen_ns < kSecondNs) {
    counters_->load_sources_evicted.Add();
  }
  *oldest = Source{.key_high = high,
                   .key_low = low,
                   .last_seen_ns = std::max<int64_t>(now.nanoseconds(), 1),
                   .window_start_ns = now.nanoseconds(),
                   .tokens_ns = kBucketNs,
                   .refilled_ns = now.nanoseconds()};
  return *oldest;
}

bool LoadSources::CountInitiation(Instant now, const IpAddress& address) {
  Source& source = Find(now, address);
  const int64_t age = now.nanoseconds() - source.window_start_ns;
  if (age >= kSecondNs) {
    source.previous_initiations = age < 2 * kSecondNs ? source.initiations : 0;
    source.initiations = 0;
    source.window_start_ns += age / kSecondNs * kSecondNs;
  }
  ++source.initiations;
  // The last second reaches back into the window before: weigh what is in there by how much of it
  // still counts.
  const int64_t into = now.nanoseconds() - source.window_start_ns;
  const auto carried = static_cast<uint64_t>(source.previous_initiations) *
                       static_cast<uint64_t>(kSecondNs - into) / static_cast<uint64_t>(kSecondNs);
  return source.initiations + carried > kInitiationsPerSecond;
}

bool LoadSources::TakeToken(Instant now, const IpAddress& address) {
  Source& source = Find(now, address);
  source.tokens_ns =
      std::min(kBucketNs, source.tokens_ns + (now.nanoseconds() - source.refilled_ns));
  source.refilled_ns = now.nanoseconds();
  if (source.tokens_ns < kTokenNs) return false;
  source.tokens_ns -= kTokenNs;
  return true;
}

}  // namespace ringwire
