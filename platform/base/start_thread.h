#ifndef RINGWIRE_PLATFORM_BASE_START_THREAD_H_
#define RINGWIRE_PLATFORM_BASE_START_THREAD_H_

#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringwire::platform {

// A thread that runs `body`. Error: the system allows no more threads (the standard library throws
// this).
template <typename Body>
absl::StatusOr<std::thread> StartThread(Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return absl::ErrnoToStatus(error.code().value(),
                               "start a thread (allow more of them: the service's TasksMax, the "
                               "container's pids limit, or RLIMIT_NPROC)");
  }
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_START_THREAD_H_
