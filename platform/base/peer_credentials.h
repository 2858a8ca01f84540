#ifndef RINGWIRE_PLATFORM_BASE_PEER_CREDENTIALS_H_
#define RINGWIRE_PLATFORM_BASE_PEER_CREDENTIALS_H_

#include <sys/types.h>

#include <optional>

namespace ringwire::platform {

// The process at the other end of a connected unix socket if it was root's or this process' own
// user's when it connected or listened. nullopt: it is another user's, or not known.
std::optional<pid_t> TrustedPeer(int socket);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_PEER_CREDENTIALS_H_
