#include "platform/connect/connect_failure.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "core/config/connect_config.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr char kMark[] = "ringwire/connect";

absl::StatusCode CodeOf(int exit_code) {
  switch (exit_code) {
    case 3:
      return absl::StatusCode::kPermissionDenied;
    case 4:
      return absl::StatusCode::kUnauthenticated;
    case 5:
      return absl::StatusCode::kAborted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

absl::Status ConnectFailure(const enrol::CallFailed& failed) {
  absl::Status status(CodeOf(failed.exit_code), failed.text);
  status.SetPayload(kMark, absl::Cord());
  return status;
}

int ConnectExitCode(const absl::Status& status) {
  if (!status.GetPayload(kMark).has_value()) return kExitFailure;
  for (const int exit_code : {3, 4, 5}) {
    if (status.code() == CodeOf(exit_code)) return exit_code;
  }
  return kExitFailure;
}

absl::Status ToConnectTo(const EndpointName& server, const absl::Status& status) {
  const std::string name = server.port == kEnrolPort ? server.host : server.ToString();
  absl::Status named(status.code(), fmt::format("connect to {}: {}", name, MessageOf(status)));
  status.ForEachPayload([&named](absl::string_view type, const absl::Cord& payload) {
    named.SetPayload(type, payload);
  });
  return named;
}

bool MayLogInAgain(const enrol::CallFailed& failed) {
  if (failed.exit_code == 3) return failed.retry_after_s == 0;  // a token that nobody knows
  return failed.reason == enrol::EndReason::kExpired || failed.reason == enrol::EndReason::kSession;
}

}  // namespace ringwire::platform
