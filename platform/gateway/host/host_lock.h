#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_

#include "absl/status/statusor.h"
#include "platform/base/state_lock.h"

namespace ringwire::platform {

// One process at a time decides which marks and priorities of this thread's network namespace an
// interface takes: it holds this lock from reading what is taken until its own are in its journal.
// The journals are in one folder with the lock, so who does not see the lock does not see them
// either. Waits as StateLock::Take does, and hears the end signals.
absl::StatusOr<StateLock> LockHost();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
