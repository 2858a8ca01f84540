#ifndef RINGWIRE_PLATFORM_BASE_END_SIGNALS_H_
#define RINGWIRE_PLATFORM_BASE_END_SIGNALS_H_

#include <sys/signalfd.h>

#include <csignal>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// A descriptor that is readable while SIGTERM or SIGINT is pending. For a process that blocks both,
// as every service does; elsewhere they do what they always do. A wait that only polls it leaves
// the signal to the main loop.
inline UniqueFd OpenEndSignals() {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  return UniqueFd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_END_SIGNALS_H_
