#ifndef RINGWIRE_PLATFORM_APP_NAMESPACE_VIEW_H_
#define RINGWIRE_PLATFORM_APP_NAMESPACE_VIEW_H_

#include <string>

#include "absl/status/status.h"
#include "platform/netlink/named_namespace.h"

namespace ringwire::platform {

// Moves this process, which has one thread, into the network namespace for good, together with what
// the file system says about networks, as `ip netns exec` does: /sys is that of the namespace, and
// the files of /etc/netns/NAME lie over those of /etc. Beyond that, services of the host that would
// look names up for a program, past the tunnel, are out of sight. Needs CAP_SYS_ADMIN; nobody else
// sees the mounts.
absl::Status EnterForGood(const std::string& name, const NamedNamespace& network);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_NAMESPACE_VIEW_H_
