#include "platform/observe/log_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "platform/base/paths.h"
#include "platform/observe/line_splitter.h"
#include "platform/observe/log_file.h"
#include "platform/observe/log_line.h"
#include "platform/observe/system_log.h"
#include "platform/process/report_error.h"
#include "platform/sandbox/confinement.h"

namespace ringwire::platform {
namespace {

constexpr size_t kReadBytes = 65536;
// A caller may have stopped its terminal.
constexpr int kCallerPatienceMs = 10000;

void NeverWait(const UniqueFd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// If the caller takes nothing for a while, or is gone, closes its pipe.
void PassOn(std::string_view bytes, UniqueFd* caller) {
  while (caller->valid() && !bytes.empty()) {
    pollfd writable{caller->get(), POLLOUT, 0};
    if (::poll(&writable, 1, kCallerPatienceMs) == 0) return caller->Reset();
    const ssize_t size = ::write(caller->get(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return caller->Reset();
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

// One of the service's two outputs.
struct Stream {
  UniqueFd from;
  UniqueFd to_caller;  // invalid: the service has started, or nobody is there
  LineSplitter lines;
};

class LogProcess {
 public:
  LogProcess(const std::string& interface, ServiceOutput output)
      : streams_{{{std::move(output.standard), std::move(output.caller_standard), {}},
                  {std::move(output.error), std::move(output.caller_error), {}}}},
        service_(std::move(output.service)),
        caller_report_(std::move(output.caller_report)),
        system_log_(SystemLog::Open(interface, output.process)) {
    if (CheckInterfaceName(interface).ok()) {  // the service refuses another name
      absl::StatusOr<LogFile> file = LogFile::Open(kStatusDirectory, interface);
      if (file.ok()) file_.emplace(*std::move(file));
    }
    for (const Stream& stream : streams_) {
      NeverWait(stream.from);
      NeverWait(stream.to_caller);
    }
  }

  void Run();
  // Tells the caller that there is no service.
  void Refuse(std::string_view why) { Report(why); }

 private:
  void Read(Stream* stream);
  void Take(std::string_view line);
  void WriteTaken();
  void TakeReport();
  void Report(std::string_view report);

  std::array<Stream, 2> streams_;
  UniqueFd service_;        // invalid: it has ended
  UniqueFd caller_report_;  // invalid: it has its report
  std::optional<LogFile> file_;
  const SystemLog system_log_;
  std::string taken_;  // lines for the file
  const std::unique_ptr<char[]> chunk_ = std::make_unique<char[]>(kReadBytes);
};

void LogProcess::Run() {
  while (streams_[0].from.valid() || streams_[1].from.valid() || service_.valid()) {
    std::array<pollfd, 3> wait{{{streams_[0].from.get(), POLLIN, 0},
                                {streams_[1].from.get(), POLLIN, 0},
                                {service_.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (wait[i].revents != 0) Read(&streams_[i]);
    }
    if (wait[2].revents != 0) TakeReport();
  }
}

// Reads all that is there.
void LogProcess::Read(Stream* stream) {
  const auto take = [this](std::string_view line) { Take(line); };
  while (stream->from.valid()) {
    const ssize_t size = ::read(stream->from.get(), chunk_.get(), kReadBytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    const std::string_view bytes(chunk_.get(), static_cast<size_t>(size));
    if (bytes.empty()) {
      stream->from.Reset();
      stream->lines.Finish(take);
    }
    PassOn(bytes, &stream->to_caller);
    stream->lines.Add(bytes, take);
    WriteTaken();
  }
}

void LogProcess::Take(std::string_view line) {
  const std::string text = Printable(line);
  taken_ += text;
  taken_ += '\n';
  system_log_.Send(SeverityOf(text), WithoutTime(text));
}

void LogProcess::WriteTaken() {
  if (file_.has_value()) file_->Append(taken_);
  taken_.clear();
}

// Everything that the service printed before its report, or before its end, is there by now.
void LogProcess::TakeReport() {
  const ssize_t size = ::recv(service_.get(), chunk_.get(), kReadBytes, MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  const std::string report(chunk_.get(), static_cast<size_t>(std::max<ssize_t>(0, size)));
  for (Stream& stream : streams_) Read(&stream);  // overwrites chunk_
  if (size > 0) {
    Report(report);
    return;
  }
  Report({});
  service_.Reset();
}

void LogProcess::Report(std::string_view report) {
  if (!caller_report_.valid()) return;
  for (Stream& stream : streams_) stream.to_caller.Reset();
  [[maybe_unused]] const ssize_t size = ::write(caller_report_.get(), report.data(), report.size());
  caller_report_.Reset();
  if (report.empty() || IsReady(report)) return;
  LineSplitter lines;
  const auto take = [this](std::string_view line) { Take(fmt::format("ringwire: {}", line)); };
  lines.Add(report, take);
  lines.Finish(take);
  WriteTaken();
}

}  // namespace

int RunLogProcess(const std::string& interface, ServiceOutput output) {
  ::prctl(PR_SET_NAME, "rw-log", 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::tzset();  // reads the time zone's file
  LogProcess log(interface, std::move(output));
  absl::StatusOr<Confinement> confinement = Confinement::GiveUpRights({.role = SandboxRole::kLog});
  absl::Status status = confinement.status();
  if (status.ok()) status = confinement->Seal();
  if (!status.ok()) {
    log.Refuse(fmt::format("cannot start the log process: {}", MessageOf(status)));
    return kExitFailure;
  }
  log.Run();
  return kExitSuccess;
}

}  // namespace ringwire::platform
