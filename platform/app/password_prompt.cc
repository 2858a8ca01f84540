#include "platform/app/password_prompt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <string_view>

#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/config/secret_file.h"

namespace ringwire::platform {
namespace {

// Turns the terminal's echo off. Signals that end the program wait until the echo is on again.
class SilentTerminal {
 public:
  SilentTerminal() {
    sigset_t ends;
    ::sigemptyset(&ends);
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) ::sigaddset(&ends, signal);
    ::sigprocmask(SIG_BLOCK, &ends, &signals_before_);
    signals_ = UniqueFd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    fmt::print(stderr, "\n");
    ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);  // a pending one ends the program here
  }

  // Waits for input. False: a signal came first.
  bool WaitForInput() const {
    std::array<pollfd, 2> sources = {{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
    while (::poll(sources.data(), sources.size(), -1) < 0) {
      if (errno != EINTR) return false;
    }
    return sources[1].revents == 0;
  }

 private:
  termios before_{};
  sigset_t signals_before_{};
  UniqueFd signals_;
};

// One byte more than a password may have, so that a longer one is noticed.
enrol::SecretBytes ReadLine(const SilentTerminal* terminal) {
  enrol::SecretBytes line(enrol::kPasswordBytesMax + 1);
  size_t size = 0;
  char c = '\0';
  while (size < line.size() && (terminal == nullptr || terminal->WaitForInput()) &&
         ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
    line.span()[size++] = c;
  }
  return enrol::SecretBytes(line.view().substr(0, size));
}

enrol::SecretBytes AskOnTerminal(const char* prompt) {
  const SilentTerminal terminal;
  fmt::print(stderr, "{}: ", prompt);
  return ReadLine(&terminal);
}

absl::StatusOr<enrol::SecretBytes> ReadFrom(const std::string& file, bool twice) {
  if (file == "-") return ReadLine(nullptr);
  if (!file.empty()) {
    ASSIGN_OR_RETURN(const SecretText text, ReadSecretFile(file));
    return enrol::SecretBytes(std::string_view(text.text).substr(0, text.text.find('\n')));
  }
  if (::isatty(STDIN_FILENO) != 1) {
    return absl::FailedPreconditionError(
        "cannot ask for a password: standard input is no terminal; use --password-file");
  }
  enrol::SecretBytes password = AskOnTerminal("Password");
  if (!twice || AskOnTerminal("The same again") == password) return password;
  return absl::InvalidArgumentError("the two passwords differ; nothing was changed");
}

}  // namespace

absl::StatusOr<enrol::SecretBytes> AskForPassword(const std::string& file, bool twice) {
  ASSIGN_OR_RETURN(enrol::SecretBytes password, ReadFrom(file, twice));
  const bool is_good = !password.empty() && password.size() <= enrol::kPasswordBytesMax &&
                       password.view().find('\0') == std::string_view::npos;
  if (is_good) return password;
  return absl::InvalidArgumentError(
      fmt::format("a password must have 1 to {} bytes", enrol::kPasswordBytesMax));
}

}  // namespace ringwire::platform
