#include "platform/process/logging.h"

#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>

#include "nlohmann/json.hpp"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// The message, escaped: %* in our pattern.
class JsonMessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string escaped = EscapeJson({message.payload.data(), message.payload.size()});
    out.append(escaped.data(), escaped.data() + escaped.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessageFlag>();
  }
};

}  // namespace

std::optional<spdlog::level::level_enum> ParseLogLevel(std::string_view name) {
  constexpr std::pair<std::string_view, spdlog::level::level_enum> kNames[] = {
      {"trace", spdlog::level::trace},       {"debug", spdlog::level::debug},
      {"verbose", spdlog::level::debug},     {"info", spdlog::level::info},
      {"warning", spdlog::level::warn},      {"warn", spdlog::level::warn},
      {"error", spdlog::level::err},         {"err", spdlog::level::err},
      {"critical", spdlog::level::critical}, {"off", spdlog::level::off},
      {"silent", spdlog::level::off},
  };
  for (const auto& [known, level] : kNames) {
    if (known == name) return level;
  }
  return std::nullopt;
}

void StartLogging(spdlog::level::level_enum level, LogFormat format) {
  ::tzset();  // reads the time zone's file, which a process that gives its rights up cannot later
  const bool colour = std::getenv("NO_COLOR") == nullptr;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      colour ? spdlog::color_mode::automatic : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("ringwire", std::move(sink));
  logger->set_level(level);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      format == LogFormat::kText ? spdlog::pattern_time_type::local
                                 : spdlog::pattern_time_type::utc);
  if (format == LogFormat::kText) {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  } else {
    formatter->add_flag<JsonMessageFlag>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%*"})");
  }
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

std::string EscapeJson(std::string_view text) {
  const nlohmann::json json = std::string(text);
  const std::string quoted = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace ringwire::platform
