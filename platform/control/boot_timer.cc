#include "platform/control/boot_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace ringwire::platform {

absl::Status BootTimer::Open() {
  timer_ = UniqueFd(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (timer_.valid()) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "open the control thread's timer");
}

void BootTimer::Arm(Instant due) {
  if (due == armed_for_) return;
  armed_for_ = due;
  itimerspec setting{};  // all zeros disarm
  if (!due.IsInfiniteFuture()) {
    // A deadline in the past still has to fire.
    const int64_t ns = std::max<int64_t>(due.nanoseconds(), 1);
    setting.it_value.tv_sec = ns / 1'000'000'000;
    setting.it_value.tv_nsec = ns % 1'000'000'000;
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

void BootTimer::Clear() {
  uint64_t count = 0;
  // A failure needs no action: the next event repeats it.
  [[maybe_unused]] const ssize_t size = ::read(timer_.get(), &count, sizeof(count));
  armed_for_ = Instant::InfiniteFuture();
}

}  // namespace ringwire::platform
