#include "platform/process/report_error.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "fmt/format.h"

namespace ringwire::platform {

int ReportError(std::string_view message) {
  fmt::print(stderr, "ringwire: {}\n", message);
  return kExitFailure;
}

int ReportError(const absl::Status& status) { return ReportError(MessageOf(status)); }

int WriteOutput(std::string_view what, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return kExitSuccess;
  }
  const int error = errno;
  return ReportError(fmt::format("write {}: {}", what, std::generic_category().message(error)));
}

void ReportWarning(std::string_view message) {
  fmt::print(stderr, "ringwire: warning: {}\n", message);
}

void ReportWarnings(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    ReportWarning(lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

int ReportFailure(const std::string& tried, std::string_view lines) {
  for (size_t end = 0; (end = lines.find('\n')) != std::string_view::npos;) {
    fmt::print(stderr, "{}\n", lines.substr(0, end));
    lines.remove_prefix(end + 1);
  }
  return ReportError(fmt::format("{}: {}", tried, lines));
}

}  // namespace ringwire::platform
