#ifndef RINGWIRE_PLATFORM_CONTROL_SWEEP_SCHEDULE_H_
#define RINGWIRE_PLATFORM_CONTROL_SWEEP_SCHEDULE_H_

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// When to check all peers' routes, from the times of routing changes. A burst of changes makes one
// sweep. A host whose routes always change spends a bounded share of its time on sweeps. Without a
// change nothing is due. Pure; thread-compatible.
class SweepSchedule {
 public:
  // Further changes of a burst wait for the sweep of the first one.
  static constexpr absl::Duration kCoalesceFor = absl::Milliseconds(10);
  // The pause between two sweeps, in durations of the first.
  static constexpr int kRest = 9;
  // A sweep that found something is repeated after this time, then after double the time, this
  // often: packets still on the old route bring back what it cleared.
  static constexpr absl::Duration kFirstRepetition = absl::Milliseconds(100);
  static constexpr int kRepetitions = 5;

  void Changed(Instant now);
  // InfiniteFuture: not until the next change.
  Instant due() const { return due_; }
  void Begin(Instant now);
  void End(Instant now, bool found);

 private:
  Instant due_ = Instant::InfiniteFuture();
  Instant begun_;
  Instant rest_until_;
  bool sweeping_ = false;
  bool changed_ = false;   // since the sweep under way began
  bool repeated_ = false;  // the sweep under way is a repetition
  int repetitions_left_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SWEEP_SCHEDULE_H_
