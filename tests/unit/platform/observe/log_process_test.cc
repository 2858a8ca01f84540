#include "platform/observe/log_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

constexpr char kNoInterface[] = "no interface";  // a name that has no log file
constexpr std::string_view kReady("\0", 1);

struct Pipe {
  UniqueFd read;
  UniqueFd write;
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  void Write(std::string_view bytes) const {
    EXPECT_EQ(::write(write.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  // To the end, or until `bytes_max` are read.
  std::string Read(size_t bytes_max = SIZE_MAX) const {
    std::string all;
    std::array<char, 4096> chunk;
    ssize_t size = 1;
    while (size > 0 && all.size() < bytes_max) {
      size = ::read(read.get(), chunk.data(), chunk.size());
      if (size > 0) all.append(chunk.data(), static_cast<size_t>(size));
    }
    return all;
  }
  int waiting() const {
    int bytes = 0;
    ::ioctl(read.get(), FIONREAD, &bytes);
    return bytes;
  }
  // Returns how many bytes fit.
  size_t Fill() const {
    ::fcntl(write.get(), F_SETFL, O_NONBLOCK);
    size_t size = 0;
    while (::write(write.get(), "x", 1) == 1) ++size;
    ::fcntl(write.get(), F_SETFL, 0);
    return size;
  }
};

class LogProcessTest : public testing::Test {
 protected:
  LogProcessTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    service_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
  }
  ~LogProcessTest() override {
    standard_.write.Reset();
    error_.write.Reset();
    service_.Reset();
    int status = 0;
    if (process_ > 0) ::waitpid(process_, &status, 0);
  }

  void Start() {
    process_ = ::fork();
    ASSERT_GE(process_, 0);
    if (process_ == 0) ::_exit(Run());
    caller_standard_.write.Reset();
    caller_error_.write.Reset();
    caller_report_.write.Reset();
  }
  int Run() {
    service_.Reset();
    standard_.write.Reset();
    error_.write.Reset();
    ServiceOutput output;
    output.standard = std::move(standard_.read);
    output.error = std::move(error_.read);
    output.service = std::move(writer_);
    output.caller_standard = std::move(caller_standard_.write);
    output.caller_error = std::move(caller_error_.write);
    output.caller_report = std::move(caller_report_.write);
    return RunLogProcess(kNoInterface, std::move(output));
  }
  void Report(std::string_view report) const {
    EXPECT_EQ(::send(service_.get(), report.data(), report.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(report.size()));
  }

  Pipe standard_;
  Pipe error_;
  Pipe caller_standard_;
  Pipe caller_error_;
  Pipe caller_report_;
  UniqueFd service_;
  UniqueFd writer_;
  pid_t process_ = -1;
};

TEST_F(LogProcessTest, PassesOnWhatComesBeforeTheReport) {
  error_.Write("2026 info wg0: link up\n");
  Report(kReady);
  Start();
  EXPECT_EQ(caller_report_.Read(), kReady);
  EXPECT_EQ(caller_error_.Read(), "2026 info wg0: link up\n");
}

// The line comes while the process waits for its caller, after it has seen which inputs have bytes.
TEST_F(LogProcessTest, KeepsAReportApartFromLinesThatComeWithIt) {
  const size_t filled = caller_error_.Fill();
  error_.Write("a\n");
  Report(kReady);
  Start();
  while (error_.waiting() != 0) ::poll(nullptr, 0, 1);
  standard_.Write("2026 info wg0 is ready\n");
  EXPECT_EQ(caller_error_.Read(filled + 2).size(), filled + 2);
  EXPECT_EQ(caller_report_.Read(), kReady);
  EXPECT_EQ(caller_standard_.Read(), "2026 info wg0 is ready\n");
}

}  // namespace
}  // namespace ringwire::platform
