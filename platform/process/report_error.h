#ifndef RINGWIRE_PLATFORM_PROCESS_REPORT_ERROR_H_
#define RINGWIRE_PLATFORM_PROCESS_REPORT_ERROR_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "platform/base/message_of.h"

namespace ringwire::platform {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// Prints "ringwire: MESSAGE" to stderr and returns kExitFailure. The message says what failed, why,
// and what to do.
int ReportError(std::string_view message);
int ReportError(const absl::Status& status);
// Writes all of `text` to stdout. Returns the exit code; if writing fails, reports an error about
// `what`.
int WriteOutput(std::string_view what, std::string_view text);
void ReportWarning(std::string_view message);
// Prints each of `lines` as a warning.
void ReportWarnings(std::string_view lines);
// Prints errors, one per line, and in the last one that `tried` failed. Returns the exit code.
int ReportFailure(const std::string& tried, std::string_view lines);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_REPORT_ERROR_H_
