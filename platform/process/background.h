#ifndef RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
#define RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_

#include <sys/types.h>

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The body of a service: it calls `ready` when it serves, and returns when it has stopped or could
// not start.
using ServiceBody = std::function<absl::Status(const std::function<void()>& ready)>;

// The ends of the pipes by which a service in the background prints.
struct ServiceOutput {
  pid_t process = 0;  // the service
  UniqueFd standard;  // readable: what the service and its hooks print
  UniqueFd error;
  // A socket: the service sends one packet, its report, when it is ready or has failed. Before its
  // end it shuts the socket down and waits until the other end is closed, but not for long.
  UniqueFd service;
  // Writable: to the process that started the service. It waits until all three are closed.
  UniqueFd caller_standard;
  UniqueFd caller_error;
  UniqueFd caller_report;
};
// Whether a service's report says that it serves; otherwise it is an error line.
bool IsReady(std::string_view report);

// Runs in a process of its own, which holds no descriptor but these, and returns its exit code. It
// must pass on to the caller what comes before the report, then the report.
using OutputWriter = std::function<int(ServiceOutput output)>;

// Runs `body` in a child process with its own session, and `writer` in another one. Neither keeps a
// descriptor of this process, except that the service has those in `kept`: nobody who waits for the
// end of this process' output waits for the service. Prints what the service prints until it is
// ready, or its error line, and returns the exit code for this process. Call before threads exist.
int RunInBackground(const std::vector<int>& kept, const ServiceBody& body,
                    const OutputWriter& writer);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_BACKGROUND_H_
