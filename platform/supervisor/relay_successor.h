#ifndef RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SUCCESSOR_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SUCCESSOR_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/relay/device_parts.h"
#include "platform/relay/relay_channel.h"
#include "platform/relay/relay_replies.h"

namespace ringwire::platform {

// The process that is to replace a relay, until it does so. It owns the process and its channel,
// and ends the process unless it was released. Thread-compatible.
class RelaySuccessor {
 public:
  // A successor proves its ciphers and offloads first, which takes a slow machine seconds.
  static constexpr absl::Duration kPatience = absl::Minutes(1);

  // Starts the program at this path. `arguments`: RelayArguments.
  static absl::StatusOr<RelaySuccessor> Start(const std::string& program,
                                              std::vector<std::string> arguments);
  // Starts the program of this process again.
  static absl::StatusOr<RelaySuccessor> StartOwn(std::vector<std::string> arguments);
  RelaySuccessor(RelaySuccessor&& other) noexcept;
  RelaySuccessor& operator=(RelaySuccessor&&) = delete;
  ~RelaySuccessor();

  // Gives it the parts of a device that still runs, and waits until it has opened the rest.
  // `serve` is called whenever `fd` is readable meanwhile; its error ends the wait. Aborted: the
  // successor's own reason. Cancelled: `interrupt_fd` is readable. -1: no descriptor.
  absl::Status Prepare(const DevicePartsView& parts, int fd,
                       absl::FunctionRef<absl::Status()> serve, int interrupt_fd);

  // It is a relay now, and the caller's.
  std::pair<pid_t, RelayChannel> Release();

 private:
  RelaySuccessor(pid_t process, RelayChannel channel)
      : process_(process), channel_(std::move(channel)) {}
  absl::StatusOr<bool> IsPrepared();  // takes one message, without waiting

  pid_t process_;  // -1: released
  RelayChannel channel_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SUCCESSOR_H_
