#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "platform/base/state_lock.h"

namespace ringwire::platform {

// One process at a time chooses the mark and priorities of an interface in this thread's network
// namespace. It holds this lock from reading the used ones until its own are in its journal. The
// lock is in `state_folder`, that of the journals, so a process that does not see the lock does not
// see the journals either. Waits as StateLock::Take does, and hears the end signals.
absl::StatusOr<StateLock> LockHost(const std::string& state_folder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
