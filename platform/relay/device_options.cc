#include "platform/relay/device_options.h"

#include <charconv>
#include <cstdlib>

#include "CLI/CLI.hpp"
#include "core/base/limits.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

std::optional<size_t> ParseWorkers(const std::string& text) {
  size_t workers = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, workers);
  if (error != std::errc() || stop != end || workers == 0 || workers > kWorkersMax) {
    return std::nullopt;
  }
  return workers;
}

}  // namespace

void AddDeviceFlags(CLI::App* app, DeviceFlags* flags) {
  const auto check_workers = [](const std::string& text) {
    if (text == "auto" || ParseWorkers(text).has_value()) return std::string();
    return fmt::format("{} is no number of workers: auto, or 1 to {}", text, kWorkersMax);
  };
  const auto check_level = [](const std::string& text) {
    if (ParseLogLevel(text).has_value()) return std::string();
    return text + " is no log level: debug, info, warning, error or silent";
  };
  const auto check_offload = [](const std::string& text) {
    if (OffloadSwitches::Parse(text).has_value()) return std::string();
    return fmt::format("{} is no choice of offloads: {}", text, OffloadSwitches::Syntax());
  };
  app->add_option("--workers", flags->workers, "Worker threads: auto, or a number")
      ->check(check_workers);
  app->add_option("--pin", flags->pin, "Pin workers to CPUs: auto, on or off")
      ->check(CLI::IsMember({"auto", "on", "off"}));
  app->add_option("--busy-poll", flags->busy_poll,
                  "Poll for packets before sleeping: auto, on or off")
      ->check(CLI::IsMember({"auto", "on", "off"}));
  app->add_option("--warm-restart", flags->warm_restart,
                  "Initiate to peers that were alive before a restart: on or off")
      ->check(CLI::IsMember({"on", "off"}));
  app->add_option("--io", flags->io, "I/O backend: auto, io_uring or epoll")
      ->check(CLI::IsMember({"auto", "io_uring", "epoll"}));
  app->add_option("--offload", flags->offload,
                  "Offloads: auto, off, or a list such as -uso,-udp-gro")
      ->check(check_offload);
  app->add_option("--cipher", flags->cipher,
                  "Cipher of transport messages: auto or chacha20-poly1305")
      ->check(CLI::IsMember({"auto", "chacha20-poly1305"}));
  app->add_option("--aead", flags->aead,
                  "Code of the ciphers: auto, boringssl, ipsec-mb or interleaved")
      ->check(CLI::IsMember({"auto", "boringssl", "ipsec-mb", "interleaved"}));
  app->add_option("--log-level", flags->log_level, "debug, info, warning, error or silent")
      ->check(check_level);
  app->add_option("--log-format", flags->log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

std::optional<size_t> WorkersOf(const DeviceFlags& flags) { return ParseWorkers(flags.workers); }

PinChoice PinOf(const DeviceFlags& flags) {
  if (flags.pin == "on") return PinChoice::kOn;
  return flags.pin == "off" ? PinChoice::kOff : PinChoice::kAuto;
}

BusyPoll BusyPollOf(const DeviceFlags& flags) {
  if (flags.busy_poll == "on") return BusyPoll::kOn;
  return flags.busy_poll == "off" ? BusyPoll::kOff : BusyPoll::kAuto;
}

std::optional<IoBackendChoice> IoOf(const DeviceFlags& flags) {
  if (flags.io == "io_uring") return IoBackendChoice::kIoUring;
  if (flags.io == "epoll") return IoBackendChoice::kEpoll;
  if (flags.io == "auto") return IoBackendChoice::kAuto;
  return std::nullopt;
}

crypto::AeadPreference AeadOf(const DeviceFlags& flags) {
  if (flags.aead == "boringssl") return crypto::AeadPreference::kBoringSsl;
  if (flags.aead == "interleaved") return crypto::AeadPreference::kInterleaved;
  return flags.aead == "ipsec-mb" ? crypto::AeadPreference::kIpsecMb
                                  : crypto::AeadPreference::kAuto;
}

std::optional<OffloadSwitches> OffloadsOf(const DeviceFlags& flags) {
  return flags.offload.empty() ? std::nullopt : OffloadSwitches::Parse(flags.offload);
}

std::optional<TransportCipher> CipherOf(const DeviceFlags& flags) {
  return ParseTransportCipher(flags.cipher);
}

spdlog::level::level_enum StartLogging(const DeviceFlags& flags) {
  const char* const environment = std::getenv("LOG_LEVEL");
  std::optional<spdlog::level::level_enum> level;
  bool unknown = false;
  if (!flags.log_level.empty()) {
    level = ParseLogLevel(flags.log_level);
  } else if (environment != nullptr && *environment != '\0') {
    level = ParseLogLevel(environment);
    unknown = !level.has_value();
  }
  StartLogging(level.value_or(spdlog::level::info),
               flags.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  if (unknown) spdlog::warn("LOG_LEVEL={} is unknown; info is used", environment);
  return level.value_or(spdlog::level::info);
}

}  // namespace ringwire::platform
