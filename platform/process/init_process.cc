#include "platform/process/init_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr int kPassedOn[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

// Shells report the end by a signal like this.
constexpr int kBySignal = 128;

// Reaps everything that has ended. The exit code of `child` once it is among them.
std::optional<int> Reap(pid_t child) {
  std::optional<int> exit_code;
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (ended != child) continue;
    exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : kBySignal + WTERMSIG(status);
  }
  return exit_code;
}

}  // namespace

bool IsInitProcess() { return ::getpid() == 1; }

int RunUnderInit(const std::function<int()>& run) {
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  for (const int signal : kPassedOn) ::sigaddset(&watched, signal);
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &watched, &before);  // first, so that no signal is lost
  const pid_t child = ::fork();
  if (child < 0) return ReportError(absl::ErrnoToStatus(errno, "start the service's process"));
  if (child == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::exit(run());
  }
  while (true) {
    siginfo_t signal{};
    if (::sigwaitinfo(&watched, &signal) < 0) continue;  // EINTR
    if (signal.si_signo != SIGCHLD) {
      ::kill(child, signal.si_signo);
      continue;
    }
    if (const std::optional<int> exit_code = Reap(child)) return *exit_code;
  }
}

}  // namespace ringwire::platform
