#ifndef RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_
#define RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/base/mutex.h"
#include "core/wire/address.h"

namespace ringwire {

// What each source has asked of us lately, so that one flooder is held to account without anybody
// else noticing (rule 12). A source is an IPv4 address or an IPv6 /64. Two measures: initiations
// with a valid mac1 in the last second, and a token bucket (20 a second, burst 5) for those that
// showed a cookie. A fixed, set-associative table; when a set is full its least recently seen
// source goes.
//
// One table serves all workers of a device, since the kernel spreads the ports of one source over
// them: limits of each worker would add up. Thread-safe: a set has a lock, and `now` may be a
// little older than another worker's.
class LoadSources {
 public:
  // `seed` keys the hash, so that nobody outside can aim at one set.
  explicit LoadSources(uint64_t seed);

  // `counters` are those of the calling worker; they count sources that went while they mattered.
  // Counts one mac1-valid initiation. True: the source has sent more than 20 within the last
  // second, this one included.
  bool CountInitiation(Instant now, const IpAddress& source, WorkerCounters* counters);
  // Takes a token. False: none left.
  bool TakeToken(Instant now, const IpAddress& source, WorkerCounters* counters);

 private:
  struct Source {
    uint64_t key_high = 0, key_low = 0;  // family and address bits
    int64_t last_seen_ns = 0;            // 0: empty
    int64_t window_start_ns = 0;
    uint32_t initiations = 0;           // in the window that began then
    uint32_t previous_initiations = 0;  // in the window before
    int64_t tokens_ns = 0;              // the bucket's fill, in nanoseconds of refill time
    int64_t refilled_ns = 0;
  };
  static constexpr size_t kWays = 8;
  static constexpr size_t kSets = kLoadSourcesMax / kWays;
  static_assert((kSets & (kSets - 1)) == 0);
  struct Set {
    Mutex mutex;
    std::array<Source, kWays> sources ABSL_GUARDED_BY(mutex);
  };
  // A source as it is told from others, and the set that it belongs to.
  struct Key {
    uint64_t high = 0, low = 0;
  };
  static Key KeyOf(const IpAddress& address);
  Set& SetOf(const Key& key);
  static Source& Find(Instant now, const Key& key, Set& set, WorkerCounters* counters)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(set.mutex);

  const uint64_t seed_;
  const std::unique_ptr<Set[]> sets_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_
