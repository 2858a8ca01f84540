#include "platform/app/service_client.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/json_fields.h"
#include "platform/base/paths.h"
#include "platform/gateway/host/journal.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/down_notice.h"

namespace ringwire::platform {

std::string InterfaceOf(const std::string& argument) {
  constexpr std::string_view kSuffix = ".conf";
  std::string name = argument.substr(argument.rfind('/') + 1);
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

absl::StatusOr<UniqueFd> OpenService(const std::string& interface) {
  std::optional<pid_t> pid = Journal::Owner(kStatusDirectory, interface);
  // Without a journal: /run is read-only, or was cleaned.
  absl::StatusOr<DownWatch> watch = absl::NotFoundError("");
  if (!pid.has_value()) watch = DownWatch::Open(interface);
  if (watch.ok()) pid = watch->service();
  if (!pid.has_value()) return UniqueFd();
  if (*pid <= 0) {
    return absl::FailedPreconditionError(fmt::format(
        "cannot find the service of {}: it runs in another PID namespace; run `ringwire` there",
        interface));
  }
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  const bool is_the_same =
      watch.ok() ? watch->HasService() : Journal::Owner(kStatusDirectory, interface) == pid;
  if (!is_the_same) return UniqueFd();
  if (!process.valid())
    return absl::ErrnoToStatus(errno, "cannot find the service of " + interface);
  return process;
}

absl::Status SignalService(const UniqueFd& process, int signal, const std::string& tried) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, tried);
}

int ReportAnswer(const std::string& tried, const absl::StatusOr<std::string>& answer) {
  if (!answer.ok()) return ReportFailure(tried, MessageOf(answer.status()));
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (const auto warnings = TextIn(json, "warnings")) ReportWarnings(*warnings);
  return kExitSuccess;
}

}  // namespace ringwire::platform
