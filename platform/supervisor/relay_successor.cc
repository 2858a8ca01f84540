#include "platform/supervisor/relay_successor.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/wait_child.h"
#include "platform/process/own_program.h"
#include "platform/relay/relay_bodies.h"
#include "platform/supervisor/predecessor_cleanup.h"

namespace ringwire::platform {

absl::StatusOr<RelaySuccessor> RelaySuccessor::Start(const std::string& program,
                                                     std::vector<std::string> arguments) {
  auto ends = RelayChannel::Make();
  if (!ends.ok()) return ends.status();
  ASSIGN_OR_RETURN(const pid_t process,
                   StartProgramAt(program, std::move(arguments), ends->second.fd()));
  return RelaySuccessor(process, std::move(ends->first));
}

absl::StatusOr<RelaySuccessor> RelaySuccessor::StartOwn(std::vector<std::string> arguments) {
  auto ends = RelayChannel::Make();
  if (!ends.ok()) return ends.status();
  ASSIGN_OR_RETURN(const pid_t process, StartOwnProgram(std::move(arguments), ends->second.fd()));
  return RelaySuccessor(process, std::move(ends->first));
}

RelaySuccessor::RelaySuccessor(RelaySuccessor&& other) noexcept
    : process_(std::exchange(other.process_, -1)), channel_(std::move(other.channel_)) {}

RelaySuccessor::~RelaySuccessor() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  WaitForChild(process_, kRelayPatience);
}

std::pair<pid_t, RelayChannel> RelaySuccessor::Release() {
  return {std::exchange(process_, -1), std::move(channel_)};
}

absl::Status RelaySuccessor::Prepare(const DevicePartsView& parts, int fd,
                                     absl::FunctionRef<absl::Status()> serve, int interrupt_fd) {
  for (const PartsMessage& message : PartsMessages(parts)) {
    const absl::Status sent =
        channel_.SendWith(message.descriptors, RelayVerb::kParts, message.body);
    if (sent.ok()) continue;
    // A program that has ended already may have said why.
    RETURN_IF_ERROR(IsPrepared().status());
    return sent;
  }
  const Instant deadline = BootNow() + kPatience;
  while (true) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) return absl::DeadlineExceededError("the new program takes too long");
    std::array<pollfd, 3> wait{
        {{channel_.fd(), POLLIN, 0}, {fd, POLLIN, 0}, {interrupt_fd, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), static_cast<int>(left_ms)) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for the new program");
    }
    if (wait[2].revents != 0) return absl::CancelledError("interrupted by a signal");
    if (wait[1].revents != 0) RETURN_IF_ERROR(serve());
    if (wait[0].revents == 0) continue;
    ASSIGN_OR_RETURN(const bool prepared, IsPrepared());
    if (prepared) return absl::OkStatus();
  }
}

absl::StatusOr<bool> RelaySuccessor::IsPrepared() {
  absl::StatusOr<std::optional<RelayMessage>> message = channel_.TryReceive();
  if (absl::IsNotFound(message.status())) {
    return absl::AbortedError("the new program ended at its start; the service's log may say why");
  }
  if (!message.ok()) return message.status();
  if (!message->has_value()) return false;
  if ((*message)->verb == RelayVerb::kPrepared) return true;
  if ((*message)->verb == RelayVerb::kFailed) return absl::AbortedError(ReasonOf(**message));
  return absl::InternalError("the new program sent an invalid message");
}

}  // namespace ringwire::platform
