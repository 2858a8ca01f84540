#include "platform/app/report_error.h"

#include <cstdio>

#include "fmt/format.h"

namespace ringwire::platform {

int ReportError(std::string_view message) {
  fmt::print(stderr, "ringwire: {}\n", message);
  return kExitFailure;
}

int ReportError(const absl::Status& status) { return ReportError(MessageOf(status)); }

void ReportWarning(std::string_view message) {
  fmt::print(stderr, "ringwire: warning: {}\n", message);
}

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

}  // namespace ringwire::platform
