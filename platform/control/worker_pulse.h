#ifndef RINGWIRE_PLATFORM_CONTROL_WORKER_PULSE_H_
#define RINGWIRE_PLATFORM_CONTROL_WORKER_PULSE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// Tells a watchdog that control and every worker still take turns. At each beat, control looks
// whether each worker has woken up since the beat before, when control woke it. Control's thread
// only; never due until Start().
class WorkerPulse {
 public:
  void Start(absl::Duration interval, std::function<void()> on_alive, Instant now) {
    interval_ = interval;
    on_alive_ = std::move(on_alive);
    due_ = now;
  }

  Instant due() const { return due_; }
  // When due: calls back unless a worker hangs. `wakeups` counts those of each worker, always in
  // the same order; the caller then wakes all of them.
  void Beat(Instant now, std::vector<uint64_t> wakeups);

 private:
  absl::Duration interval_;
  std::function<void()> on_alive_;
  Instant due_ = Instant::InfiniteFuture();
  std::vector<uint64_t> before_;  // at the last beat; empty: this is the first
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_WORKER_PULSE_H_
