#ifndef RINGWIRE_PLATFORM_WORKER_SPIN_POLICY_H_
#define RINGWIRE_PLATFORM_WORKER_SPIN_POLICY_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

enum class BusyPoll : uint8_t { kAuto, kOn, kOff };

// How long a worker looks for input before it blocks. To be woken costs tens of microseconds, more
// than most answers take to come; to look costs a CPU that somebody else may need. So it looks only
// right after it had something to do, briefly, as long as that finds something often enough; with
// auto also only where CPUs are plenty and nobody has taken the thread's lately. Pure; owned by one
// worker.
class SpinPolicy {
 public:
  static constexpr size_t kCpusMin = 4;                     // auto: of those that we may use
  static constexpr int64_t kLongNs = 50'000;                // when it mostly finds something
  static constexpr int64_t kShortNs = 20'000;               // else
  static constexpr int64_t kYieldNs = 100'000'000;          // after the thread was displaced
  static constexpr int64_t kSwitchIntervalNs = 10'000'000;  // between looks at that count
  static constexpr int kScoreMax = 8, kScoreLong = 4;       // finds less failures, within bounds
  static constexpr int kRestTurns = 64;                     // after the score came to zero

  SpinPolicy(BusyPoll choice, size_t cpus);

  // False: SpinFor() is always zero.
  bool enabled() const { return enabled_; }
  // Whether SetSwitches() is due.
  bool WantsSwitches(Instant now) const { return !forced_ && enabled_ && now >= next_look_; }
  // The thread's involuntary context switches so far.
  void SetSwitches(Instant now, uint64_t involuntary);
  // The worker is about to wait. `had_work`: its last turn had packets. Zero: it shall block.
  absl::Duration SpinFor(Instant now, bool had_work);
  // How the time that SpinFor() granted was used.
  void Spun(bool found);

 private:
  const bool forced_;
  const bool enabled_;
  int score_ = kScoreLong;
  int rest_ = 0;  // turns with work until it tries again
  bool switches_known_ = false;
  uint64_t switches_ = 0;
  Instant next_look_;
  Instant yield_until_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_WORKER_SPIN_POLICY_H_
