#ifndef RINGWIRE_PLATFORM_CONNECT_CALLER_CLIENT_H_
#define RINGWIRE_PLATFORM_CONNECT_CALLER_CLIENT_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/enrol/caller_messages.h"
#include "core/enrol/pushed_config.h"
#include "platform/base/unique_fd.h"
#include "platform/caller/caller_process.h"

namespace ringwire::platform {

// The supervisor's side of the caller process. It starts the process with the first call and
// whenever it is gone, and makes one call at a time. Thread-compatible.
class CallerClient {
 public:
  // Starts the process with its end of the channel; returns its id.
  using Start = absl::StatusOr<pid_t> (*)(UniqueFd its_end);
  // How long the process may take for one call, whatever the server does.
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  // A call was granted, perhaps with settings; or it failed.
  struct Granted {
    enrol::CallDone done;
    std::optional<enrol::PushedConfig> pushed;
  };
  using Result = std::variant<Granted, enrol::CallFailed>;

  static absl::StatusOr<pid_t> StartCallerProgram(UniqueFd its_end);
  explicit CallerClient(enrol::CallerSettings settings, Start start = &StartCallerProgram);
  ~CallerClient() { End(); }
  CallerClient(const CallerClient&) = delete;
  CallerClient& operator=(const CallerClient&) = delete;

  // Makes a LoginCall, RenewalCall or EndCall over `socket`, a TCP socket whose connect has begun.
  // Sets the call's id and patience.
  absl::Status Make(enrol::SupervisorToCaller call, const UniqueFd& socket);
  bool IsCalling() const { return !deadline_.IsInfiniteFuture(); }
  // Readable: Take() has something to do. -1: there is no process.
  int fd() const { return channel_.open() ? channel_.fd() : -1; }
  // When Take() has to be called at the latest.
  Instant deadline() const { return deadline_; }
  // The result of the call under way, once; nullopt: not yet. A process that dies, breaks the rules
  // or is late is ended, and the call has failed.
  std::optional<Result> Take();
  // Waits for it. A call is under way.
  Result Wait();

 private:
  absl::Status Begin();
  void End();
  absl::StatusOr<std::optional<Result>> Receive();

  const enrol::CallerSettings settings_;
  const Start start_;
  SupervisorEndToCaller channel_;
  pid_t process_ = -1;
  uint32_t id_ = 0;  // of the latest call
  Instant deadline_ = Instant::InfiniteFuture();
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_CALLER_CLIENT_H_
