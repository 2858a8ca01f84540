// `ringwire down CONFIG|IFNAME`.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/interface_name.h"
#include "platform/app/logging.h"
#include "platform/app/report_error.h"
#include "platform/app/service_client.h"
#include "platform/app/status_client.h"
#include "platform/app/supervisor.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/journal.h"

namespace ringwire::platform {
namespace {

// For hooks as slow as they like; a service that hangs is for an operator to look at.
constexpr int kDownPatienceMs = 90'000;

// What goes wrong before the service has ended and what is left is not in its journal: that the
// state could not be saved. It is known to nobody but the service, so it is asked to say so.
class LastWords {
 public:
  // The first answer shows that the second request has come as far as the service.
  explicit LastWords(const std::string& interface) {
    absl::StatusOr<UniqueFd> device = ConnectToDevice(interface);
    if (!device.ok() || !SendRequest(*device, "ping\nend").ok()) return;
    if (ReadAnswer(*device, kPingPatience).ok()) device_ = *std::move(device);
  }

  // After the end of the service.
  int Report(const std::string& tried) const {
    if (!device_.valid()) return kExitSuccess;
    const absl::StatusOr<std::string> answer = ReadAnswer(device_, absl::Seconds(1));
    // An end without an answer is one that was not on purpose.
    if (absl::IsUnavailable(answer.status())) return kExitSuccess;
    return ReportAnswer(tried, answer);
  }

 private:
  static constexpr absl::Duration kPingPatience = absl::Seconds(5);

  UniqueFd device_;
};

int Down(const std::string& interface) {
  absl::Status status = CheckInterfaceName(interface);
  if (!status.ok()) return ReportError(status);
  const bool known = ::access(Journal::PathOf(kStatusDirectory, interface).c_str(), F_OK) == 0;
  if (!known) {
    ReportWarning(fmt::format("{} is not up: there is nothing to undo", interface));
    return kExitSuccess;
  }
  const absl::StatusOr<UniqueFd> service = OpenService(interface);
  if (!service.ok()) return ReportError(service.status());
  int exit_code = kExitSuccess;
  if (service->valid()) {
    const std::string tried = "end the service of " + interface;
    const LastWords last_words(interface);
    status = SignalService(*service, SIGTERM, tried);
    if (!status.ok()) return ReportError(status);
    pollfd ended{service->get(), POLLIN, 0};
    if (::poll(&ended, 1, kDownPatienceMs) <= 0) {
      return ReportError(tried + ": it does not end (a hook that waits?)");
    }
    exit_code = last_words.Report("take " + interface + " down");
  }
  // Nothing, if the service has ended well.
  status = UndoLeftovers(interface);
  return status.ok() ? exit_code : ReportError(status);
}

}  // namespace

Command AddDownCommand(CLI::App* app) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const parser =
      app->add_subcommand("down", "End what `up` or `run` has started, and undo it");
  parser->add_option("IFNAME", *argument, "The interface, or its configuration file")->required();
  return {parser, [argument] {
            StartLogging(spdlog::level::info, LogFormat::kText);
            return Down(InterfaceOf(*argument));
          }};
}

}  // namespace ringwire::platform
