#include "platform/observe/system_log.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr int kDaemonFacility = 3 << 3;

bool CanBeWritten(const std::string& path) { return ::access(path.c_str(), W_OK) == 0; }

}  // namespace

SystemLog SystemLog::Open(std::string interface, pid_t service, const SystemLogPaths& paths) {
  SystemLog log(std::move(interface), service);
  log.is_journal_ = CanBeWritten(paths.journal);
  if (!log.is_journal_ && !CanBeWritten(paths.syslog)) return log;
  log.to_.sun_family = AF_UNIX;
  const std::string& path = log.is_journal_ ? paths.journal : paths.syslog;
  path.copy(log.to_.sun_path, sizeof(log.to_.sun_path) - 1);
  log.socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return log;
}

void SystemLog::Send(int severity, std::string_view line) const {
  if (!socket_.valid()) return;
  const std::string text =
      is_journal_ ? JournalEntry(severity, line) : SyslogMessage(severity, line);
  ::sendto(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&to_), sizeof(to_));
}

// systemd's native protocol: a field a line.
std::string SystemLog::JournalEntry(int severity, std::string_view line) const {
  return fmt::format(
      "PRIORITY={}\nSYSLOG_IDENTIFIER=ringwire\nSYSLOG_PID={}\nRINGWIRE_INTERFACE={}\nMESSAGE={}\n",
      severity, service_, interface_, line);
}

// The form of syslog(3), as RFC 3164 describes it.
std::string SystemLog::SyslogMessage(int severity, std::string_view line) const {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%b %e %H:%M:%S", &local);
  return fmt::format("<{}>{} ringwire[{}]: {}: {}", kDaemonFacility | severity, time.data(),
                     service_, interface_, line);
}

}  // namespace ringwire::platform
