#ifndef RINGWIRE_PLATFORM_PROCESS_LOGGING_H_
#define RINGWIRE_PLATFORM_PROCESS_LOGGING_H_

#include <optional>
#include <string>
#include <string_view>

#include "spdlog/common.h"

namespace ringwire::platform {

enum class LogFormat { kText, kJson };

// Our level names, those of wireguard-go (verbose, debug, error, silent) and of spdlog.
std::optional<spdlog::level::level_enum> ParseLogLevel(std::string_view name);

// Logs go to stderr: text for people, or one JSON object per line.
void StartLogging(spdlog::level::level_enum level, LogFormat format);

// Escapes `text` for a JSON string.
std::string EscapeJson(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_LOGGING_H_
