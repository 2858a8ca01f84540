#ifndef RINGWIRE_PLATFORM_BASE_CLOCK_H_
#define RINGWIRE_PLATFORM_BASE_CLOCK_H_

#include <ctime>

#include "core/base/instant.h"

namespace ringwire::platform {

// CLOCK_BOOTTIME, read once per batch or loop.
inline Instant BootNow() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant::FromNanoseconds(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_CLOCK_H_
