// `ringwire down CONFIG|IFNAME`.
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/service_client.h"
#include "platform/base/clock.h"
#include "platform/base/paths.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/journal.h"
#include "platform/process/logging.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/down_notice.h"
#include "platform/supervisor/interface_owner.h"
#include "platform/supervisor/predecessor_cleanup.h"

namespace ringwire::platform {
namespace {

// For hooks as slow as they like; a service that hangs is for an operator to look at.
constexpr absl::Duration kPatience = absl::Seconds(90);

// Waits for the end of a service that was asked to end, and prints what it has to say meanwhile.
// False: it does not end.
bool WaitForEnd(const UniqueFd& service, const std::string& tried, DownWatch* watch) {
  const Instant deadline = BootNow() + kPatience;
  bool listens = watch != nullptr;
  while (true) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) return false;
    std::array<pollfd, 2> wait{
        {{service.get(), POLLIN, 0}, {listens ? watch->fd() : -1, POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), static_cast<int>(left_ms));
    // All that it has said by its end is there when it ends.
    if (listens) listens = watch->Report(tried);
    if (wait[0].revents != 0) return true;
  }
}

int EndService(const std::string& interface, const UniqueFd& service) {
  absl::StatusOr<DownWatch> watch = DownWatch::Open(interface);
  const std::string tried = fmt::format("take {} down", interface);
  if (watch.ok()) watch->GiveOutput();
  const absl::Status status = SignalService(service, SIGTERM, "end the service of " + interface);
  if (!status.ok()) return ReportError(status);
  if (!WaitForEnd(service, tried, watch.ok() ? &*watch : nullptr)) {
    return ReportError(fmt::format(
        "cannot take {} down: its service does not end; look for a hook that waits", interface));
  }
  if (watch.ok()) return watch->has_failed() ? kExitFailure : kExitSuccess;
  ReportWarning(tried + ": the service's log has what its hooks print, and what may have failed");
  return kExitSuccess;
}

// Nothing says that `up` or `run` has started it.
int ReportTraces(const std::string& interface) {
  const std::string owner = ForeignOwnerOf(interface);
  if (!owner.empty())
    return ReportError(fmt::format("cannot take {} down: it is {}", interface, owner));
  const std::vector<std::string> traces = TracesOf(interface);
  if (traces.empty()) {
    return ReportError(
        fmt::format("cannot take {} down: it is not up, and nothing of it is left; "
                    "`ringwire show` lists what is up",
                    interface));
  }
  ReportError(fmt::format(
      "cannot take {} down: it has no service and no journal ({}); these commands remove what is "
      "left of it:",
      interface, Journal::PathOf(kStatusDirectory, interface)));
  for (const std::string& command : traces) fmt::print(stderr, "  {}\n", command);
  return kExitFailure;
}

int Down(const std::string& interface) {
  absl::Status status = CheckInterfaceName(interface);
  if (!status.ok()) return ReportError(status);
  const bool known = ::access(Journal::PathOf(kStatusDirectory, interface).c_str(), F_OK) == 0;
  const absl::StatusOr<UniqueFd> service = OpenService(interface);
  if (!service.ok()) return ReportError(service.status());
  if (!known && !service->valid()) return ReportTraces(interface);
  if (!service->valid() && !CheckNetAdmin().ok()) {
    return ReportError(fmt::format(
        "cannot undo what is left of {}: no CAP_NET_ADMIN; run `ringwire down {}` as root",
        interface, interface));
  }
  int exit_code = kExitSuccess;
  if (service->valid()) {
    // Where the service is, it can be watched. Who may not go there can still end it.
    [[maybe_unused]] const int entered = ::setns(service->get(), CLONE_NEWNET);
    exit_code = EndService(interface, *service);
  }
  // Nothing, if the service has ended well.
  status = UndoLeftovers(interface);
  return status.ok() ? exit_code : ReportError(status);
}

}  // namespace

Command AddDownCommand(CLI::App* app) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser =
      app->add_subcommand("down", "End the service of `up` or `run`, and restore the host");
  parser->add_option("IFNAME", *argument, "The interface, or its configuration file")->required();
  return {parser, [argument] {
            StartLogging(spdlog::level::info, LogFormat::kText);
            return Down(InterfaceOf(*argument));
          }};
}

}  // namespace ringwire::platform
