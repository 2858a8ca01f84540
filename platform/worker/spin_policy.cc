#include "platform/worker/spin_policy.h"

#include <algorithm>

namespace ringwire::platform {

SpinPolicy::SpinPolicy(BusyPoll choice, size_t cpus)
    : forced_(choice == BusyPoll::kOn),
      enabled_(forced_ || (choice == BusyPoll::kAuto && cpus >= kCpusMin)) {}

void SpinPolicy::SetSwitches(Instant now, uint64_t involuntary) {
  if (switches_known_ && involuntary != switches_) {
    yield_until_ = now + absl::Nanoseconds(kYieldNs);
  }
  switches_known_ = true;
  switches_ = involuntary;
  next_look_ = now + absl::Nanoseconds(kSwitchIntervalNs);
}

absl::Duration SpinPolicy::SpinFor(Instant now, bool had_work) {
  if (!enabled_ || !had_work) return absl::ZeroDuration();
  if (forced_) return absl::Nanoseconds(kLongNs);
  if (now < yield_until_) return absl::ZeroDuration();
  if (rest_ > 0) {
    --rest_;
    return absl::ZeroDuration();
  }
  return absl::Nanoseconds(score_ >= kScoreLong ? kLongNs : kShortNs);
}

void SpinPolicy::Spun(bool found) {
  if (found) {
    score_ = std::min(score_ + 1, kScoreMax);
    return;
  }
  if (score_ > 1) {
    --score_;
    return;
  }
  score_ = 1;
  rest_ = kRestTurns;
}

}  // namespace ringwire::platform
