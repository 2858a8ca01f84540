#include "platform/process/background.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "platform/base/unique_fd.h"
#include "platform/process/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// The service's report is this byte, or its error line.
constexpr char kReady = '\0';
// How long a service waits at its end until its last lines are written.
constexpr int kLastLinesPatienceMs = 2000;
constexpr size_t kReportBytesMax = 60000;  // one packet

void CloseAllBut(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned first = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd < static_cast<int>(first)) continue;
    if (fd > static_cast<int>(first)) ::close_range(first, static_cast<unsigned>(fd) - 1, 0);
    first = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(first, ~0U, 0);
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
  bool Open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
    return true;
  }
};

// Between the three processes: the service prints to the writer, the writer to the caller.
struct Connections {
  UniqueFd null;
  Pipe standard;
  Pipe error;
  Pipe caller_standard;
  Pipe caller_error;
  Pipe caller_report;
  UniqueFd service;  // a socket pair
  UniqueFd writer;

  bool Open() {
    null = UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (Pipe* const one : {&standard, &error, &caller_standard, &caller_error, &caller_report}) {
      if (!one->Open()) return false;
    }
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
    service = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
    return null.valid();
  }
};

class StartReport {
 public:
  explicit StartReport(UniqueFd socket) : socket_(std::move(socket)) {}
  ~StartReport() {
    ::shutdown(socket_.get(), SHUT_WR);
    pollfd closed{socket_.get(), POLLIN, 0};
    ::poll(&closed, 1, kLastLinesPatienceMs);
  }
  StartReport(const StartReport&) = delete;
  StartReport& operator=(const StartReport&) = delete;

  void Ready() { Send({&kReady, 1}); }
  // False: the report was sent before.
  bool Failed(const absl::Status& why) {
    if (sent_) return false;
    Send(MessageOf(why));
    return true;
  }

 private:
  void Send(std::string_view report) {
    sent_ = true;
    report = report.substr(0, kReportBytesMax);
    ::send(socket_.get(), report.data(), report.size(), MSG_NOSIGNAL);
  }

  const UniqueFd socket_;
  bool sent_ = false;
};

int RunService(Connections connections, const ServiceBody& body) {
  ::setsid();
  [[maybe_unused]] const int changed = ::chdir("/");
  ::dup2(connections.null.get(), STDIN_FILENO);
  ::dup2(connections.standard.write.get(), STDOUT_FILENO);
  ::dup2(connections.error.write.get(), STDERR_FILENO);
  StartReport report(std::move(connections.service));
  connections = Connections();
  const absl::Status status = body([&report] { report.Ready(); });
  if (status.ok()) return kExitSuccess;
  if (!report.Failed(status)) spdlog::error("{}", MessageOf(status));
  return kExitFailure;
}

int RunWriter(Connections connections, pid_t service, const OutputWriter& writer) {
  ::setsid();
  [[maybe_unused]] const int changed = ::chdir("/");
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(connections.null.get(), fd);
  }
  ServiceOutput output;
  output.process = service;
  output.standard = std::move(connections.standard.read);
  output.error = std::move(connections.error.read);
  output.service = std::move(connections.writer);
  output.caller_standard = std::move(connections.caller_standard.write);
  output.caller_error = std::move(connections.caller_error.write);
  output.caller_report = std::move(connections.caller_report.write);
  CloseAllBut({output.standard.get(), output.error.get(), output.service.get(),
               output.caller_standard.get(), output.caller_error.get(),
               output.caller_report.get()});
  connections = Connections();
  return writer(std::move(output));
}

// Reads from a pipe until the other end is closed.
class Inlet {
 public:
  explicit Inlet(UniqueFd from) : from_(std::move(from)) {}
  int fd() const { return from_.get(); }
  bool open() const { return from_.valid(); }

  // To be called when it is readable.
  template <typename Take>
  void Read(Take take) {
    std::array<char, 16384> chunk;
    const ssize_t size = ::read(from_.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) return;
    if (size > 0) take(std::string_view(chunk.data(), static_cast<size_t>(size)));
    if (size <= 0) from_.Reset();
  }

 private:
  UniqueFd from_;
};

void Print(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

// Prints what comes from the writer, and returns the report when this process can end: the service
// is ready, or has ended. Hands signals that ask this process to end on to the service, and then
// sets `interrupted`.
std::string FollowService(Connections connections, pid_t service, bool* interrupted) {
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ends, signal);
  const UniqueFd signals(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, service, 0)));
  Inlet report(std::move(connections.caller_report.read));
  Inlet standard(std::move(connections.caller_standard.read));
  Inlet error(std::move(connections.caller_error.read));
  connections = Connections();
  std::string text;
  const auto is_open = [&] { return report.open() || standard.open() || error.open(); };
  while (is_open() || *interrupted || !IsReady(text)) {
    std::array<pollfd, 5> wait{{{report.fd(), POLLIN, 0},
                                {standard.fd(), POLLIN, 0},
                                {error.fd(), POLLIN, 0},
                                {signals.get(), POLLIN, 0},
                                {is_open() ? -1 : process.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) break;
    signalfd_siginfo signal{};
    if (::read(signals.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      *interrupted = true;
      ::kill(service, SIGTERM);
    }
    if (wait[4].revents != 0) break;
    if (wait[0].revents != 0) {
      report.Read([&text](std::string_view bytes) { text += bytes; });
      // The writer may have refused to work, so that the service must end.
      if (!report.open() && !IsReady(text)) ::kill(service, SIGTERM);
    }
    if (wait[1].revents != 0) standard.Read([](std::string_view bytes) { Print(stdout, bytes); });
    if (wait[2].revents != 0) error.Read([](std::string_view bytes) { Print(stderr, bytes); });
  }
  return text;
}

int CannotStart() { return ReportError(absl::ErrnoToStatus(errno, "go to the background")); }

}  // namespace

bool IsReady(std::string_view report) { return report.size() == 1 && report.front() == kReady; }

int RunInBackground(const std::vector<int>& kept, const ServiceBody& body,
                    const OutputWriter& writer) {
  CloseAllBut(kept);
  Connections connections;
  if (!connections.Open()) return CannotStart();
  const pid_t service = ::fork();
  if (service < 0) return CannotStart();
  if (service == 0) return RunService(std::move(connections), body);
  const pid_t output_writer = ::fork();
  if (output_writer == 0) ::_exit(RunWriter(std::move(connections), service, writer));
  if (output_writer < 0) {
    const int exit_code = CannotStart();
    ::kill(service, SIGTERM);
    return exit_code;
  }
  bool interrupted = false;
  const std::string report = FollowService(std::move(connections), service, &interrupted);
  if (IsReady(report) && !interrupted) return kExitSuccess;
  if (!report.empty() && !IsReady(report)) return ReportError(report);
  if (interrupted) return ReportError("start: interrupted by a signal");
  return ReportError("the background process ended before it was ready");
}

}  // namespace ringwire::platform
