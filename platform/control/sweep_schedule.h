#ifndef RINGWIRE_PLATFORM_CONTROL_SWEEP_SCHEDULE_H_
#define RINGWIRE_PLATFORM_CONTROL_SWEEP_SCHEDULE_H_

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// When all peers' routes are to be looked at, given when something about routing has changed. A
// burst of changes is one sweep, a host whose routes never rest spends a bounded share of its time
// on sweeps, and nothing is due without a change. Pure; thread-compatible.
class SweepSchedule {
 public:
  // A burst's further changes wait for the sweep that its first one asks for.
  static constexpr absl::Duration kCoalesceFor = absl::Milliseconds(10);
  // Between two sweeps, in durations of the first.
  static constexpr int kRest = 9;
  // A sweep that found something is repeated after this and then double the time, so often: packets
  // that were still on the old way when it ran bring back what it removed.
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
