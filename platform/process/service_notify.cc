#include "platform/process/service_notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

std::string_view Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<int64_t> NumberIn(const char* variable) {
  const std::string_view text = Variable(variable);
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

void Notify(std::string_view message) {
  const std::string_view name = Variable("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return;
  std::ranges::copy(name, address.sun_path);
  if (name.front() == '@') address.sun_path[0] = '\0';  // an abstract one
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // A manager that reads nothing is not waited for.
  constexpr timeval kPatience = {10, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    spdlog::warn("cannot tell the service manager at {} {}: {}", name,
                 message.substr(0, message.find('\n')), std::strerror(errno));
  }
}

}  // namespace

void NotifyReady(std::string_view status) {
  Notify(status.empty() ? "READY=1" : fmt::format("READY=1\nSTATUS={}", status));
}

void NotifyReloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  Notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000));
}

void NotifyAlive() { Notify("WATCHDOG=1"); }

std::optional<absl::Duration> HeartbeatInterval(pid_t service) {
  const std::optional<int64_t> limit_us = NumberIn("WATCHDOG_USEC");
  if (!limit_us.has_value() || *limit_us <= 0) return std::nullopt;
  if (!Variable("WATCHDOG_PID").empty() && NumberIn("WATCHDOG_PID") != service) return std::nullopt;
  return absl::Microseconds(*limit_us) / 4;
}

}  // namespace ringwire::platform
