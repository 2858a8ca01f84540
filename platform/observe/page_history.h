#ifndef RINGWIRE_PLATFORM_OBSERVE_PAGE_HISTORY_H_
#define RINGWIRE_PLATFORM_OBSERVE_PAGE_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "platform/observe/metrics_text.h"

namespace ringwire::platform {

inline constexpr absl::Duration kPageSampleInterval = absl::Seconds(5);
inline constexpr absl::Duration kPageHistorySpan = absl::Minutes(15);

// What each interface carried in the last kPageHistorySpan, for the plots of the page. Bounded:
// kSamplesMax samples of kInterfacesMax interfaces. Thread-compatible.
class PageHistory {
 public:
  // Those of kPageHistorySpan and one more, as a rate needs two.
  static constexpr size_t kSamplesMax = 181;
  static constexpr size_t kInterfacesMax = 64;

  struct Sample {
    absl::Time time;                 // wall clock
    uint64_t received_bytes = 0;     // from peers, as delivered to this host
    uint64_t transmitted_bytes = 0;  // to peers, as this host sent them
    std::vector<uint64_t> cpu_us;    // of each worker, by index
  };

  // Forgets interfaces that are not there any more, and samples that are too old.
  void Add(absl::Time now, std::span<const InterfaceStatus> interfaces);

  // Oldest first; empty: no such interface.
  const std::deque<Sample>& SamplesOf(const std::string& interface) const;
  // The share of a CPU that the worker used between the last two samples, at least 0; 0 if unknown.
  double LoadOf(const std::string& interface, size_t worker) const;

 private:
  std::map<std::string, std::deque<Sample>> interfaces_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_PAGE_HISTORY_H_
