#ifndef RINGWIRE_PLATFORM_WORKER_SPIN_POLICY_H_
#define RINGWIRE_PLATFORM_WORKER_SPIN_POLICY_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

enum class BusyPoll : uint8_t { kAuto, kOn, kOff };

// How long a worker polls for input before it blocks. Waking costs tens of microseconds, more than
// most replies take; polling costs CPU that another thread may need. So a worker polls only after
// it had work, briefly, and while polling finds input often enough. With auto it also needs enough
// CPUs, and stops for a while after it lost its CPU. Pure; owned by one worker.
class SpinPolicy {
 public:
  static constexpr size_t kCpusMin = 4;                     // auto: of the allowed ones
  static constexpr int64_t kLongNs = 50'000;                // if it mostly finds something
  static constexpr int64_t kShortNs = 20'000;               // else
  static constexpr int64_t kYieldNs = 100'000'000;          // after the thread was displaced
  static constexpr int64_t kSwitchIntervalNs = 10'000'000;  // between looks at that count
  static constexpr int kScoreMax = 8, kScoreLong = 4;       // finds minus failures, within bounds
  static constexpr int kRestTurns = 64;                     // after the score came to zero

  SpinPolicy(BusyPoll choice, size_t cpus);

  // False: SpinFor() is always zero.
  bool enabled() const { return enabled_; }
  // Whether SetSwitches() is due.
  bool WantsSwitches(Instant now) const { return !forced_ && enabled_ && now >= next_look_; }
  // The thread's involuntary context switches so far.
  void SetSwitches(Instant now, uint64_t involuntary);
  // The worker is about to wait. `had_work`: its last turn had packets. Zero: block.
  absl::Duration SpinFor(Instant now, bool had_work);
  // Reports how the time granted by SpinFor() was used.
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
