#include "platform/control/worker_pulse.h"

#include <utility>

namespace ringwire::platform {

void WorkerPulse::Beat(Instant now, std::vector<uint64_t> wakeups) {
  due_ = now + interval_;
  bool all_alive = true;
  for (size_t i = 0; i < wakeups.size() && i < before_.size(); ++i) {
    all_alive = all_alive && wakeups[i] != before_[i];
  }
  before_ = std::move(wakeups);
  if (all_alive) on_alive_();
}

}  // namespace ringwire::platform
