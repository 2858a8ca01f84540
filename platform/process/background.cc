#include "platform/process/background.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "platform/base/unique_fd.h"
#include "platform/process/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// The child writes this byte, or its error line.
constexpr char kReady = '\0';

bool IsReady(std::string_view report) { return report.size() == 1 && report.front() == kReady; }

class StartReport {
 public:
  StartReport(UniqueFd pipe, bool keep_stderr)
      : pipe_(std::move(pipe)), null_(OpenNull()), keep_stderr_(keep_stderr) {}

  void Ready() {
    LetGoOfTerminal(null_, keep_stderr_);
    Write({&kReady, 1});
  }

  // False: the parent does not wait any more.
  bool Failed(const absl::Status& why) {
    if (!pipe_.valid()) return false;
    Write(MessageOf(why));
    return true;
  }

 private:
  void Write(std::string_view text) {
    [[maybe_unused]] const ssize_t size = ::write(pipe_.get(), text.data(), text.size());
    pipe_.Reset();
  }

  UniqueFd pipe_;
  const UniqueFd null_;
  const bool keep_stderr_;
};

int RunChild(UniqueFd pipe, bool keep_stderr, const DeviceBody& body) {
  ::setsid();
  [[maybe_unused]] const int changed = ::chdir("/");
  StartReport report(std::move(pipe), keep_stderr);
  const absl::Status status = body([&report] { report.Ready(); });
  if (status.ok()) return kExitSuccess;
  if (!report.Failed(status)) spdlog::error("{}", MessageOf(status));
  return kExitFailure;
}

// What the child has written by the time that this process can end: it is ready, or has ended.
// Signals that ask this process to end are handed on to it, and `interrupted` is set.
std::string FollowChild(int fd, pid_t child, bool* interrupted) {
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ends, signal);
  const UniqueFd signals(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  std::string text;
  std::array<char, 1024> chunk;
  bool is_open = true;
  while (is_open || *interrupted || !IsReady(text)) {
    std::array<pollfd, 3> wait{{{is_open ? fd : -1, POLLIN, 0},
                                {signals.get(), POLLIN, 0},
                                {is_open ? -1 : process.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) break;
    signalfd_siginfo signal{};
    if (::read(signals.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      *interrupted = true;
      ::kill(child, SIGTERM);
    }
    if (wait[2].revents != 0) break;
    if (wait[0].revents == 0) continue;
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size > 0) text.append(chunk.data(), static_cast<size_t>(size));
    is_open = size > 0;
  }
  return text;
}

}  // namespace

UniqueFd OpenNull() { return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

void LetGoOfTerminal(const UniqueFd& null, bool keep_stderr) {
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
  if (!keep_stderr) ::dup2(null.get(), STDERR_FILENO);
}

int RunInBackground(bool keep_stderr, const DeviceBody& body) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return ReportError(absl::ErrnoToStatus(errno, "go to the background"));
  }
  UniqueFd from_child(ends[0]);
  UniqueFd to_parent(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return ReportError(absl::ErrnoToStatus(errno, "go to the background"));
  if (child == 0) {
    from_child.Reset();
    return RunChild(std::move(to_parent), keep_stderr, body);
  }
  to_parent.Reset();
  bool interrupted = false;
  const std::string report = FollowChild(from_child.get(), child, &interrupted);
  if (IsReady(report) && !interrupted) return kExitSuccess;
  if (!report.empty() && !IsReady(report)) return ReportError(report);
  if (interrupted) return ReportError("start: interrupted by a signal; nothing is left of it");
  return ReportError("the background process ended before it was ready");
}

}  // namespace ringwire::platform
