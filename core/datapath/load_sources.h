#ifndef RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_
#define RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_

#include <cstdint>
#include <vector>

#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/wire/address.h"

namespace ringwire {

// What each source has asked of us lately, so that one flooder is held to account without anybody
// else noticing (rule 12). A source is an IPv4 address or an IPv6 /64. Two measures: initiations
// with a valid mac1 in the last second, and a token bucket (20 a second, burst 5) for those that
// showed a cookie. A fixed, set-associative table; when a set is full its least recently seen
// source goes, and is counted. Owned by one worker.
class LoadSources {
 public:
  // `seed` keys the hash, so that nobody outside can aim at one set. `counters` counts evictions.
  LoadSources(uint64_t seed, WorkerCounters* counters);

  // Counts one mac1-valid initiation. True: the source has sent more than 20 within the last
  // second, this one included.
  bool CountInitiation(Instant now, const IpAddress& source);
  // Takes a token. False: none left.
  bool TakeToken(Instant now, const IpAddress& source);

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
  Source& Find(Instant now, const IpAddress& address);

  const uint64_t seed_;
  WorkerCounters* const counters_;
  std::vector<Source> table_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_LOAD_SOURCES_H_
