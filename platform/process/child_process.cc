#include "platform/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr char kHome[] = "HOME=/root";
constexpr int kEndPatienceMs = 2000;
constexpr int kExitNotStarted = 127;

struct Image {
  char* const* arguments;
  char* const* environment;
  int report;  // gets errno if the program cannot be started
  pid_t parent;
};

bool Give(int from, int to) {
  if (from < 0) return true;
  if (from == to) return ::fcntl(to, F_SETFD, 0) == 0;
  return ::dup2(from, to) >= 0;
}

// Runs in the child. Only async-signal-safe calls: another thread of the parent may have held a
// lock of the C library at the time of the fork.
[[noreturn]] void Become(const Image& image, const ChildStart& start) {
  ::setpgid(0, 0);
  bool ready = true;
  if (start.dies_with_caller) {
    ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    if (::getppid() != image.parent) ::_exit(kExitNotStarted);  // the parent died before the prctl
  }
  ready = ready && Give(start.input, STDIN_FILENO) && Give(start.output, STDOUT_FILENO) &&
          Give(start.error, STDERR_FILENO);
  if (ready) {
    struct sigaction normal{};
    normal.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &normal, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(image.arguments[0], image.arguments, image.environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t size = ::write(image.report, &error, sizeof(error));
  ::_exit(kExitNotStarted);
}

// 0: the program runs. The pipe closes when it is started.
int StartError(int report) {
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(report, &error, sizeof(error));
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof(error)) ? error : 0;
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                 const ChildStart& start) {
  const std::string tried = "start " + arguments.front();
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 4> environment = {const_cast<char*>(kPath), const_cast<char*>(kHome)};
  if (!start.variable.empty()) environment[2] = const_cast<char*>(start.variable.c_str());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, tried);
  const UniqueFd report(ends[0]);
  UniqueFd write_end(ends[1]);
  const Image image{argv.data(), environment.data(), write_end.get(), ::getpid()};
  const pid_t id = ::fork();
  if (id < 0) return absl::ErrnoToStatus(errno, tried);
  if (id == 0) Become(image, start);
  write_end.Reset();
  int error = StartError(report.get());
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  if (error == 0 && !fd.valid()) error = errno;
  ChildProcess child(id, std::move(fd));
  if (error == 0) return child;
  ::kill(-id, SIGKILL);
  child.Reap().IgnoreError();  // `error` is the reason
  return absl::ErrnoToStatus(error, tried);
}

void ChildProcess::End() const {
  ::kill(-id_, SIGTERM);
  pollfd ended{fd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, kEndPatienceMs) <= 0) ::kill(-id_, SIGKILL);
}

absl::Status ChildProcess::Reap() const {
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "wait for its end");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFEXITED(status)) {
    return absl::AbortedError(fmt::format("it ended with exit code {}", WEXITSTATUS(status)));
  }
  return absl::AbortedError(fmt::format("it was ended by signal {}", WTERMSIG(status)));
}

}  // namespace ringwire::platform
