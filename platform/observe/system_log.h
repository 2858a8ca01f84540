#ifndef RINGWIRE_PLATFORM_OBSERVE_SYSTEM_LOG_H_
#define RINGWIRE_PLATFORM_OBSERVE_SYSTEM_LOG_H_

#include <sys/types.h>
#include <sys/un.h>

#include <string>
#include <string_view>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The sockets of the host's log.
struct SystemLogPaths {
  std::string journal = "/run/systemd/journal/socket";
  std::string syslog = "/dev/log";
};

// The host's log: journald if it runs, else syslog, else nothing. Each line is one datagram to a
// path, so a restart of the receiver needs nothing. Never waits: a line that the receiver has no
// room for is lost there. Thread-compatible.
class SystemLog {
 public:
  // `service`: the process that the lines are of.
  static SystemLog Open(std::string interface, pid_t service, const SystemLogPaths& paths = {});

  // `severity`: of syslog. `line`: without a time.
  void Send(int severity, std::string_view line) const;

 private:
  SystemLog(std::string interface, pid_t service)
      : interface_(std::move(interface)), service_(service) {}
  std::string JournalEntry(int severity, std::string_view line) const;
  std::string SyslogMessage(int severity, std::string_view line) const;

  std::string interface_;
  pid_t service_;
  UniqueFd socket_;  // invalid: there is no such log
  sockaddr_un to_{};
  bool is_journal_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_SYSTEM_LOG_H_
