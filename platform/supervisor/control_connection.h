#ifndef RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_

#include <sys/types.h>

#include <string>

namespace ringwire::platform {

// Proves that root makes a request now: `connection` is a connection to the control socket at
// `path`, its other end is open, and root or this process's user opened that end. `relay` accepted
// the connection; it does not count as the other end.
bool IsConnectionOfRoot(int connection, const std::string& path, pid_t relay);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_
