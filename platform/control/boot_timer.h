#ifndef RINGWIRE_PLATFORM_CONTROL_BOOT_TIMER_H_
#define RINGWIRE_PLATFORM_CONTROL_BOOT_TIMER_H_

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// One deadline of CLOCK_BOOTTIME as a descriptor, readable from the deadline on. It costs a system
// call only when the deadline changes. Thread-compatible.
class BootTimer {
 public:
  absl::Status Open();
  int fd() const { return timer_.get(); }

  // Replaces the deadline. InfiniteFuture: none. One in the past fires at once.
  void Arm(Instant due);
  // After it fired: the next Arm sets it again, also to the same deadline.
  void Clear();

 private:
  UniqueFd timer_;
  Instant armed_for_ = Instant::InfiniteFuture();
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_BOOT_TIMER_H_
