#include "platform/process/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr size_t kMuch = size_t{1} << 20;

ProgramAnswer Shell(const std::string& script, const ProgramSettings& settings = {},
                    size_t output_max = kMuch) {
  return AskProgram({"/bin/sh", "-c", script}, settings, output_max);
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end = UniqueFd(ends[0]);
    write_end = UniqueFd(ends[1]);
  }
  // Whether there is something to read, or nobody is left to write.
  bool IsReady() const {
    constexpr int kHangsMs = 60'000;
    pollfd wait{read_end.get(), POLLIN, 0};
    return ::poll(&wait, 1, kHangsMs) == 1;
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

TEST(ProgramTest, ReadsItsInputAndPrintsToTwoPlaces) {
  const ProgramAnswer answer = Shell("cat; echo oh >&2", {.input = "one\ntwo\n"});
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.output, "one\ntwo\n");
  EXPECT_EQ(answer.error, "oh\n");
}

TEST(ProgramTest, InputAndOutputMayBeLongerThanAPipe) {
  const std::string input(kMuch, 'x');
  const ProgramAnswer answer = Shell("cat", {.input = input});
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.output, input);
}

TEST(ProgramTest, EndsAProgramThatPrintsTooMuch) {
  const ProgramAnswer answer = Shell("yes", {}, 1000);
  EXPECT_TRUE(absl::IsResourceExhausted(answer.status)) << answer.status;
  EXPECT_EQ(answer.output.size(), 1000U);
}

TEST(ProgramTest, TheRestOfLongErrorsIsDropped) {
  const ProgramAnswer answer = Shell("head -c 1000000 /dev/zero >&2; echo done");
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.output, "done\n");
  EXPECT_EQ(answer.error, std::string(4096, '\0'));
}

TEST(ProgramTest, AFailureKeepsTheOutput) {
  const ProgramAnswer answer = Shell("echo out; echo why >&2; exit 3");
  EXPECT_EQ(answer.status.message(), "it ended with exit code 3");
  EXPECT_EQ(answer.output, "out\n");
  EXPECT_EQ(answer.error, "why\n");
  EXPECT_EQ(Shell("kill -9 $$").status.message(), "it was ended by signal 9");
}

TEST(ProgramTest, AProgramThatIsNotThereIsNotFound) {
  const absl::Status status = RunProgram({"/no/such/program"});
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_NE(status.message().find("start /no/such/program"), std::string::npos) << status;
}

TEST(ProgramTest, HasAnEnvironmentOfItsOwn) {
  ::setenv("RINGWIRE_TEST_SECRET", "x", 1);
  const ProgramAnswer answer =
      Shell("env | grep -v ^PWD= | sort", {.variable = "A_NAME=its value"});
  ::unsetenv("RINGWIRE_TEST_SECRET");
  EXPECT_EQ(answer.output.find("SECRET"), std::string::npos) << answer.output;
  EXPECT_NE(answer.output.find("A_NAME=its value\n"), std::string::npos) << answer.output;
  EXPECT_NE(answer.output.find("PATH=/usr/local/sbin:"), std::string::npos) << answer.output;
}

// With all that it has started: the pipe closes when the last of them is gone.
TEST(ProgramTest, TheDeadlineEndsTheWholeGroup) {
  Pipe held;
  const absl::Status status = RunProgram(
      {"/bin/sh", "-c", "sleep 1000 & sleep 1000"},
      {.output = {.standard = held.write_end.get()}, .time_max = absl::Milliseconds(50)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(status.message(), "it had not ended after 50ms");
  held.write_end.Reset();
  EXPECT_TRUE(held.IsReady()) << "something of it still runs";
}

// A process that is killed as soon as its program has begun.
void KillCaller(Pipe* held) {
  const pid_t caller = ::fork();
  if (caller == 0) {
    RunProgram({"/bin/sh", "-c", "echo; exec sleep 1000"},
               {.output = {.standard = held->write_end.get()}, .dies_with_caller = true})
        .IgnoreError();
    ::_exit(1);
  }
  held->write_end.Reset();
  char newline = 0;
  EXPECT_TRUE(held->IsReady());
  EXPECT_EQ(::read(held->read_end.get(), &newline, 1), 1);
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
}

TEST(ProgramTest, DiesWithItsCallerIfAsked) {
  Pipe held;
  KillCaller(&held);
  char byte = 0;
  EXPECT_TRUE(held.IsReady()) << "it still runs";
  EXPECT_EQ(::read(held.read_end.get(), &byte, 1), 0);
}

TEST(ProgramTest, ASignalEndsItOnlyIfAsked) {
  for (const bool ends : {true, false}) {
    EXPECT_EXIT(
        {
          sigset_t term;
          ::sigemptyset(&term);
          ::sigaddset(&term, SIGTERM);
          ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
          ::kill(::getpid(), SIGTERM);
          // Without the signal the first ends by itself only after the test's time is over.
          const absl::Status status = RunProgram({"/bin/sh", "-c", ends ? "sleep 1000" : "exit 3"},
                                                 {.ends_on_signal = ends});
          sigset_t pending;
          ::sigpending(&pending);
          std::_Exit(absl::IsCancelled(status) == ends && ::sigismember(&pending, SIGTERM) != ends
                         ? 0
                         : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(ProgramTest, ServesADescriptorMeanwhile) {
  Pipe asked;
  Pipe answered;
  ASSERT_EQ(::write(asked.write_end.get(), "x", 1), 1);
  const auto serve = [&asked, &answered] {
    char byte = 0;
    EXPECT_EQ(::read(asked.read_end.get(), &byte, 1), 1);
    answered.write_end.Reset();
    return false;
  };
  const int fd = answered.read_end.get();
  ::fcntl(fd, F_SETFD, 0);  // it waits for this end of file
  const absl::Status status =
      RunProgram({"/bin/sh", "-c", "cat <&" + std::to_string(fd)},
                 {.meanwhile = {.fd = asked.read_end.get(), .serve = serve}});
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace ringwire::platform
