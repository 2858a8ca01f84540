#include "platform/gateway/host/host_lock.h"

#include "fmt/format.h"
#include "platform/gateway/host/journal.h"

namespace ringwire::platform {

// The namespace's own inode would do as well, but every user can open that and hold its lock.
absl::StatusOr<StateLock> LockHost(const std::string& state_folder) {
  return StateLock::Take(state_folder, fmt::format("network-{}", CurrentNetworkId()),
                         EndSignals::kHeard);
}

}  // namespace ringwire::platform
