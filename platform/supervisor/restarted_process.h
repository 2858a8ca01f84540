#ifndef RINGWIRE_PLATFORM_SUPERVISOR_RESTARTED_PROCESS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_RESTARTED_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// A process that is started again after 0, 1, 2, 4 … 60 seconds whenever it ends; one that ran for
// a minute begins at 0 again. Thread-compatible.
class RestartedProcess {
 public:
  RestartedProcess() = default;
  RestartedProcess(RestartedProcess&& other) noexcept;
  RestartedProcess& operator=(RestartedProcess&&) = delete;
  ~RestartedProcess() { End(); }

  bool IsRunning() const { return process_ > 0; }
  // When to start it; in the infinite future while it runs.
  Instant start_at() const { return IsRunning() ? Instant::InfiniteFuture() : start_at_; }
  // An error counts as an end.
  absl::Status Start(std::vector<std::string> arguments, int channel);
  // Ends it by force, and waits for that. Returns how it ended, for people; empty if it did not
  // run.
  std::string End();

 private:
  void Delay();

  pid_t process_ = -1;
  Instant started_at_;
  Instant start_at_;
  absl::Duration next_delay_ = absl::ZeroDuration();
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RESTARTED_PROCESS_H_
