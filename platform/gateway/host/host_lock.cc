#include "platform/gateway/host/host_lock.h"

#include "fmt/format.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/sysctl_holders.h"

namespace ringwire::platform {

// The namespace's own inode would do as well, but every user can open that and hold its lock.
absl::StatusOr<StateLock> LockHost() {
  return StateLock::Take(kStateFolder, fmt::format("network-{}", CurrentNetworkId()),
                         EndSignals::kHeard);
}

}  // namespace ringwire::platform
