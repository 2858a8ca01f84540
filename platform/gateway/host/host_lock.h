#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_

#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// One process at a time decides which of a network namespace's numbers an interface takes: it holds
// this from reading what is taken until its own are in its journal. Released at the end of its
// life, or of the process.
class HostLock {
 public:
  // Of the namespace that this thread is in. Waits a few seconds for another one; DeadlineExceeded:
  // it did not let go. Where there is no /proc to agree by, the lock is nothing.
  static absl::StatusOr<HostLock> Take();

 private:
  explicit HostLock(UniqueFd network) : network_(std::move(network)) {}
  UniqueFd network_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_HOST_LOCK_H_
