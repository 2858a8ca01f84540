#include "platform/gateway/program.h"

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "fmt/format.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr std::array kFolders = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                                 "/usr/bin/",        "/sbin/",          "/bin/"};
constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr char kHome[] = "HOME=/root";

// A file in memory at its beginning: it takes any size, and nobody has to feed a pipe.
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

class SpawnSettings {
 public:
  SpawnSettings(int input, const ProgramOutput& output) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    if (output.standard >= 0) {
      ::posix_spawn_file_actions_adddup2(&files_, output.standard, STDOUT_FILENO);
    }
    if (output.error >= 0) {
      ::posix_spawn_file_actions_adddup2(&files_, output.error, STDERR_FILENO);
    }
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t ignored = none;
    ::sigaddset(&ignored, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &ignored);
    // A process group of its own, so that all of a hook can be ended.
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// False: this process was asked to end, and so was the program. Only where such signals are
// blocked, as in a service; elsewhere they do what they always do.
bool WaitForEnd(pid_t child) {
  constexpr int kPatienceMs = 2000;
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  const UniqueFd signals(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!process.valid()) return true;
  std::array<pollfd, 2> wait{{{process.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
  while (::poll(wait.data(), wait.size(), -1) < 0) {
    if (errno != EINTR) return true;
  }
  if (wait[0].revents != 0) return true;
  signalfd_siginfo signal{};  // taken, so that what is run for going down is not interrupted
  [[maybe_unused]] const ssize_t size = ::read(signals.get(), &signal, sizeof(signal));
  ::kill(-child, SIGTERM);
  if (::poll(wait.data(), 1, kPatienceMs) <= 0) ::kill(-child, SIGKILL);
  return false;
}

}  // namespace

std::optional<std::string> FindProgram(std::string_view name) {
  for (const char* const folder : kFolders) {
    std::string path = folder + std::string(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

absl::Status RunProgram(const std::vector<std::string>& arguments, std::string_view input,
                        const std::string& variable, const ProgramOutput& output) {
  const UniqueFd file = InputFile(input);
  if (!file.valid()) return absl::ErrnoToStatus(errno, "make its input");
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 4> environment = {const_cast<char*>(kPath), const_cast<char*>(kHome)};
  if (!variable.empty()) environment[2] = const_cast<char*>(variable.c_str());
  const SpawnSettings settings(file.get(), output);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, argv[0], settings.files(), settings.attributes(),
                                  argv.data(), environment.data());
  if (error != 0) return absl::ErrnoToStatus(error, fmt::format("start {}", arguments.front()));
  const bool interrupted = !WaitForEnd(child);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "wait for its end");
  }
  if (interrupted) return absl::CancelledError("it was interrupted by a signal to ringwire");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFEXITED(status)) {
    return absl::AbortedError(fmt::format("it ended with exit code {}", WEXITSTATUS(status)));
  }
  return absl::AbortedError(fmt::format("it was ended by signal {}", WTERMSIG(status)));
}

}  // namespace ringwire::platform
