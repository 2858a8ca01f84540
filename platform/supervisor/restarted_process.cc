#include "platform/supervisor/restarted_process.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/wait_child.h"
#include "platform/process/own_program.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kDelayMax = absl::Minutes(1);
constexpr absl::Duration kStable = absl::Minutes(1);
constexpr absl::Duration kEndPatience = absl::Seconds(10);

}  // namespace

RestartedProcess::RestartedProcess(RestartedProcess&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      started_at_(other.started_at_),
      start_at_(other.start_at_),
      next_delay_(other.next_delay_) {}

absl::Status RestartedProcess::Start(std::vector<std::string> arguments, int channel) {
  started_at_ = BootNow();
  const absl::StatusOr<pid_t> process = StartOwnProgram(std::move(arguments), channel);
  if (!process.ok()) {
    Delay();
    return process.status();
  }
  process_ = *process;
  return absl::OkStatus();
}

void RestartedProcess::Delay() {
  const Instant now = BootNow();
  if (now - started_at_ >= kStable) next_delay_ = absl::ZeroDuration();
  start_at_ = now + next_delay_;
  next_delay_ = std::clamp(2 * next_delay_, absl::Seconds(1), kDelayMax);
}

std::string RestartedProcess::End() {
  if (!IsRunning()) return {};
  ::kill(process_, SIGKILL);
  const std::optional<int> status = WaitForChild(process_, kEndPatience);
  process_ = -1;
  Delay();
  if (!status.has_value()) return "it does not end";
  if (WIFEXITED(*status)) return fmt::format("exit code {}", WEXITSTATUS(*status));
  return fmt::format("signal {}", WTERMSIG(*status));
}

}  // namespace ringwire::platform
