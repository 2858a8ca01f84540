#include "core/datapath/load_sources.h"

#include <algorithm>

#include "core/base/endian.h"

namespace ringwire {
namespace {

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

LoadSources::LoadSources(uint64_t seed) : seed_(seed), sets_(new Set[kSets]) {}

LoadSources::Key LoadSources::KeyOf(const IpAddress& address) {
  // An IPv6 host owns its /64: what it sends from the rest of it is the same source.
  return {address.family == IpFamily::kV4 ? LoadBe32(address.bytes.data())
                                          : LoadBe64(address.bytes.data()),
          static_cast<uint64_t>(address.family)};
}

LoadSources::Set& LoadSources::SetOf(const Key& key) {
  return sets_[Mix(key.high ^ Mix(key.low ^ seed_)) & (kSets - 1)];
}

LoadSources::Source& LoadSources::Find(Instant now, const Key& key, Set& set,
                                       WorkerCounters* counters) {
  Source* oldest = set.sources.data();
  for (Source& source : set.sources) {
    if (source.last_seen_ns != 0 && source.key_high == key.high && source.key_low == key.low) {
      source.last_seen_ns = std::max(source.last_seen_ns, now.nanoseconds());
      return source;
    }
    if (source.last_seen_ns < oldest->last_seen_ns) oldest = &source;
  }
  // One that has been quiet for a second has nothing left to answer for.
  if (oldest->last_seen_ns != 0 && now.nanoseconds() - oldest->last_seen_ns < kSecondNs) {
    counters->load_sources_evicted.Add();
  }
  *oldest = Source{.key_high = key.high,
                   .key_low = key.low,
                   .last_seen_ns = std::max<int64_t>(now.nanoseconds(), 1),
                   .window_start_ns = now.nanoseconds(),
                   .tokens_ns = kBucketNs,
                   .refilled_ns = now.nanoseconds()};
  return *oldest;
}

bool LoadSources::CountInitiation(Instant now, const IpAddress& address, WorkerCounters* counters) {
  const Key key = KeyOf(address);
  Set& set = SetOf(key);
  const MutexLock lock(&set.mutex);
  Source& source = Find(now, key, set, counters);
  const int64_t age = now.nanoseconds() - source.window_start_ns;
  if (age >= kSecondNs) {
    source.previous_initiations = age < 2 * kSecondNs ? source.initiations : 0;
    source.initiations = 0;
    source.window_start_ns += age / kSecondNs * kSecondNs;
  }
  ++source.initiations;
  // The last second reaches back into the window before: weigh what is in there by how much of it
  // still counts.
  const int64_t into = std::max<int64_t>(0, now.nanoseconds() - source.window_start_ns);
  const auto carried = static_cast<uint64_t>(source.previous_initiations) *
                       static_cast<uint64_t>(kSecondNs - into) / static_cast<uint64_t>(kSecondNs);
  return source.initiations + carried > kInitiationsPerSecond;
}

bool LoadSources::TakeToken(Instant now, const IpAddress& address, WorkerCounters* counters) {
  const Key key = KeyOf(address);
  Set& set = SetOf(key);
  const MutexLock lock(&set.mutex);
  Source& source = Find(now, key, set, counters);
  const int64_t refill = std::max<int64_t>(0, now.nanoseconds() - source.refilled_ns);
  source.tokens_ns = std::min(kBucketNs, source.tokens_ns + refill);
  source.refilled_ns += refill;
  if (source.tokens_ns < kTokenNs) return false;
  source.tokens_ns -= kTokenNs;
  return true;
}

}  // namespace ringwire
