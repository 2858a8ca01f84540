#ifndef RINGWIRE_PLATFORM_BASE_LOCK_WAIT_H_
#define RINGWIRE_PLATFORM_BASE_LOCK_WAIT_H_

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace ringwire::platform {

// Whether SIGTERM and SIGINT end a wait in a process that blocks them. They stay pending.
enum class EndSignals { kHeard, kIgnored };

// Takes the exclusive flock(2) of an open file. DeadlineExceeded: another process held it for all
// of `patience`. Cancelled: a signal came.
absl::Status LockWithin(int file, absl::Duration patience, EndSignals signals);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_LOCK_WAIT_H_
