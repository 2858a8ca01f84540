#ifndef RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_

#include <sys/types.h>

#include <string>

namespace ringwire::platform {

// Proves that root asks for something right now: `connection` is one to the control socket at
// `path`, its other end is open, and root, or the user that this process is, has opened that end.
// It was accepted by `relay`, which is not believed to be anybody's other end.
bool IsConnectionOfRoot(int connection, const std::string& path, pid_t relay);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_CONTROL_CONNECTION_H_
