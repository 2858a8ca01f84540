#include "platform/process/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/process/child_process.h"

namespace ringwire::platform {
namespace {

constexpr std::array kFolders = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                                 "/usr/bin/",        "/sbin/",          "/bin/"};
constexpr size_t kErrorBytesMax = 4096;

// A memory file, positioned at its start: it takes any size, and no pipe must be fed.
UniqueFd InputFile(std::string_view input) {
  UniqueFd file(::memfd_create("ringwire-input", MFD_CLOEXEC));
  while (file.valid() && !input.empty()) {
    const ssize_t size = ::write(file.get(), input.data(), input.size());
    if (size < 0) return UniqueFd();
    input.remove_prefix(static_cast<size_t>(size));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Reads a program's output to one descriptor through a pipe. Keeps its beginning.
class Collector {
 public:
  explicit Collector(size_t bytes_max) : bytes_max_(bytes_max) {}

  // The program's end of the pipe; invalid: errno has the reason.
  UniqueFd Open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return UniqueFd();
    read_end_ = UniqueFd(ends[0]);
    ::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);  // of this end only
    return UniqueFd(ends[1]);
  }

  int fd() const { return read_end_.get(); }
  bool is_too_much() const { return is_too_much_; }
  std::string Take() { return std::move(text_); }

  // Reads once, so that a program that prints without end does not block the caller. False: nothing
  // to read now.
  bool Read() {
    std::array<char, 16384> bytes;
    const ssize_t size = ::read(read_end_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) {
      read_end_.Reset();
      return false;
    }
    const size_t taken = std::min(static_cast<size_t>(size), bytes_max_ - text_.size());
    text_.append(bytes.data(), taken);
    is_too_much_ = is_too_much_ || taken < static_cast<size_t>(size);
    return true;
  }

  // Reads the rest of the pipe after the program has ended.
  void ReadRest() {
    constexpr size_t kReadsMax = 64;  // as much as a pipe can hold
    for (size_t i = 0; i < kReadsMax && read_end_.valid() && Read(); ++i) continue;
  }

 private:
  size_t bytes_max_;
  UniqueFd read_end_;
  std::string text_;
  bool is_too_much_ = false;
};

struct Collectors {
  Collector output;
  Collector error;
};

UniqueFd EndSignals() {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  return UniqueFd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
}

// The deadline of a program.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Deadline(absl::Duration after)
      : is_none_(after == absl::InfiniteDuration()),
        at_(Clock::now() +
            std::chrono::milliseconds(is_none_ ? 0 : absl::ToInt64Milliseconds(after))) {}

  // For poll().
  int TimeoutMs() const {
    if (is_none_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }

 private:
  bool is_none_;
  Clock::time_point at_;
};

// Serves a program until it ends. Error: why the caller must end it.
absl::Status ServeUntilEnd(const ChildProcess& child, const ProgramSettings& settings,
                           Collectors* collectors) {
  enum : size_t { kProcess, kSignals, kMeanwhile, kOutput, kError, kCount };
  const UniqueFd signals = settings.ends_on_signal ? EndSignals() : UniqueFd();
  const Deadline deadline(settings.time_max);
  std::array<pollfd, kCount> wait{};
  for (pollfd& one : wait) one = {-1, POLLIN, 0};
  wait[kProcess].fd = child.fd();
  wait[kSignals].fd = signals.get();
  wait[kMeanwhile].fd = settings.meanwhile.fd;
  while (true) {
    if (collectors != nullptr) {
      wait[kOutput].fd = collectors->output.fd();
      wait[kError].fd = collectors->error.fd();
    }
    for (pollfd& one : wait) one.revents = 0;
    const int ready = ::poll(wait.data(), wait.size(), deadline.TimeoutMs());
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "wait for its end");
    if (wait[kProcess].revents != 0) return absl::OkStatus();
    if (ready == 0) {
      return absl::DeadlineExceededError("it had not ended after " +
                                         absl::FormatDuration(settings.time_max));
    }
    if (wait[kSignals].revents != 0) {
      signalfd_siginfo signal{};  // consumed, so that the programs of `down` are not interrupted
      [[maybe_unused]] const ssize_t size = ::read(signals.get(), &signal, sizeof(signal));
      return absl::CancelledError("it was interrupted by a signal to ringwire");
    }
    if (wait[kMeanwhile].revents != 0 && !settings.meanwhile.serve()) wait[kMeanwhile].fd = -1;
    if (wait[kOutput].revents != 0) collectors->output.Read();
    if (wait[kError].revents != 0) collectors->error.Read();
    if (collectors != nullptr && collectors->output.is_too_much()) return absl::OkStatus();
  }
}

absl::Status Run(const std::vector<std::string>& arguments, const ProgramSettings& settings,
                 Collectors* collectors) {
  const UniqueFd input = InputFile(settings.input);
  if (!input.valid()) return absl::ErrnoToStatus(errno, "make its input");
  ChildStart start{.input = input.get(),
                   .output = settings.output.standard,
                   .error = settings.output.error,
                   .variable = settings.variable,
                   .dies_with_caller = settings.dies_with_caller};
  UniqueFd output;
  UniqueFd error;
  if (collectors != nullptr) {
    output = collectors->output.Open();
    error = collectors->error.Open();
    if (!output.valid() || !error.valid()) return absl::ErrnoToStatus(errno, "make a pipe for it");
    start.output = output.get();
    start.error = error.get();
  }
  ASSIGN_OR_RETURN(const ChildProcess child, ChildProcess::Start(arguments, start));
  output.Reset();  // so that the pipes end with the program
  error.Reset();
  const absl::Status served = ServeUntilEnd(child, settings, collectors);
  const bool is_too_much = collectors != nullptr && collectors->output.is_too_much();
  if (!served.ok() || is_too_much) child.End();
  const absl::Status ended = child.Reap();
  if (collectors != nullptr && served.ok()) {
    collectors->output.ReadRest();
    collectors->error.ReadRest();
  }
  return served.ok() ? ended : served;
}

}  // namespace

std::optional<std::string> FindProgram(std::string_view name) {
  for (const char* const folder : kFolders) {
    std::string path = folder + std::string(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

absl::Status RunProgram(const std::vector<std::string>& arguments,
                        const ProgramSettings& settings) {
  return Run(arguments, settings, nullptr);
}

ProgramAnswer AskProgram(const std::vector<std::string>& arguments, const ProgramSettings& settings,
                         size_t output_max) {
  Collectors collectors{Collector(output_max), Collector(kErrorBytesMax)};
  absl::Status status = Run(arguments, settings, &collectors);
  if (collectors.output.is_too_much()) {
    status = absl::ResourceExhaustedError(fmt::format("it printed more than {} bytes", output_max));
  }
  return {std::move(status), collectors.output.Take(), collectors.error.Take()};
}

}  // namespace ringwire::platform
