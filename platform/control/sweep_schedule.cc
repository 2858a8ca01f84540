#include "platform/control/sweep_schedule.h"

#include <algorithm>

namespace ringwire::platform {

void SweepSchedule::Changed(Instant now) {
  changed_ = true;
  if (!sweeping_) due_ = std::min(due_, std::max(now + kCoalesceFor, rest_until_));
}

void SweepSchedule::Begin(Instant now) {
  begun_ = now;
  due_ = Instant::InfiniteFuture();
  sweeping_ = true;
  repeated_ = !changed_;
  changed_ = false;
}

void SweepSchedule::End(Instant now, bool found) {
  sweeping_ = false;
  rest_until_ = now + (now - begun_) * kRest;
  if (found && !repeated_) repetitions_left_ = kRepetitions;
  if (repetitions_left_ > 0) {
    const int doublings = kRepetitions - repetitions_left_;
    due_ = std::max(now + kFirstRepetition * (1 << doublings), rest_until_);
    --repetitions_left_;
  }
  if (changed_) Changed(now);
}

}  // namespace ringwire::platform
