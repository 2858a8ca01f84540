// `ringwire down CONFIG|IFNAME` and `ringwire reload IFNAME`: what is asked of a running service.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/interface_name.h"
#include "platform/app/logging.h"
#include "platform/app/report_error.h"
#include "platform/app/supervisor.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/journal.h"

namespace ringwire::platform {
namespace {

// For hooks as slow as they like; a service that hangs is for an operator to look at.
constexpr int kDownPatienceMs = 90'000;

// Of a path the last part; `wg0` and `wg0.conf` mean the same.
std::string InterfaceOf(const std::string& argument) {
  constexpr std::string_view kSuffix = ".conf";
  std::string name = argument.substr(argument.rfind('/') + 1);
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

// A descriptor of the service's process: a number alone could be another process' by now. Invalid:
// there is no service.
absl::StatusOr<UniqueFd> OpenService(const std::string& interface) {
  const std::optional<pid_t> pid = Journal::Owner(kStatusDirectory, interface);
  if (!pid.has_value()) return UniqueFd();
  if (*pid <= 0) {
    return absl::FailedPreconditionError(fmt::format(
        "find the service of {}: it runs in another PID namespace (use `ringwire` in there)",
        interface));
  }
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  if (Journal::Owner(kStatusDirectory, interface) != pid) return UniqueFd();
  if (!process.valid()) return absl::ErrnoToStatus(errno, "find the service of " + interface);
  return process;
}

absl::Status Signal(const UniqueFd& process, int signal, const std::string& tried) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, tried);
}

absl::Status Down(const std::string& interface) {
  absl::Status status = CheckInterfaceName(interface);
  if (!status.ok()) return status;
  const bool known = ::access(Journal::PathOf(kStatusDirectory, interface).c_str(), F_OK) == 0;
  if (!known) {
    ReportWarning(fmt::format("{} is not up: there is nothing to undo", interface));
    return absl::OkStatus();
  }
  const absl::StatusOr<UniqueFd> service = OpenService(interface);
  if (!service.ok()) return service.status();
  if (service->valid()) {
    const std::string tried = "end the service of " + interface;
    status = Signal(*service, SIGTERM, tried);
    if (!status.ok()) return status;
    pollfd ended{service->get(), POLLIN, 0};
    if (::poll(&ended, 1, kDownPatienceMs) <= 0) {
      return absl::DeadlineExceededError(tried + ": it does not end (a hook that waits?)");
    }
  }
  // Nothing, if the service has ended well.
  return UndoLeftovers(interface);
}

absl::Status Reload(const std::string& interface) {
  const absl::Status status = CheckInterfaceName(interface);
  if (!status.ok()) return status;
  const absl::StatusOr<UniqueFd> service = OpenService(interface);
  if (!service.ok()) return service.status();
  const std::string tried = "reload " + interface;
  if (!service->valid()) {
    return absl::NotFoundError(tried + ": it is not up (`ringwire up` starts it)");
  }
  return Signal(*service, SIGHUP, tried);
}

Command AddServiceCommand(CLI::App* app, const std::string& name, const std::string& description,
                          const std::string& what, absl::Status (*run)(const std::string&)) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(name, description);
  parser->add_option("IFNAME", *argument, what)->required();
  return {parser, [argument, run] {
            StartLogging(spdlog::level::info, LogFormat::kText);
            const absl::Status status = run(InterfaceOf(*argument));
            return status.ok() ? kExitSuccess : ReportError(status);
          }};
}

}  // namespace

Command AddDownCommand(CLI::App* app) {
  return AddServiceCommand(app, "down", "End what `up` or `run` has started, and undo it",
                           "The interface, or its configuration file", &Down);
}

Command AddReloadCommand(CLI::App* app) {
  return AddServiceCommand(app, "reload", "Apply a changed configuration file",
                           "The interface, or its configuration file", &Reload);
}

}  // namespace ringwire::platform
