#include "platform/process/own_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>
#include <utility>

namespace ringwire::platform {
namespace {

constexpr char kOwnProgram[] = "/proc/self/exe";

}  // namespace

absl::StatusOr<pid_t> StartOwnProgram(std::vector<std::string> arguments, int channel) {
  return StartProgramAt(kOwnProgram, std::move(arguments), channel);
}

absl::StatusOr<pid_t> StartProgramAt(const std::string& path, std::vector<std::string> arguments,
                                     int channel) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, channel, kOwnProgramChannel);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t process = -1;
  const int error =
      ::posix_spawn(&process, path.c_str(), &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start " + arguments.front());
  return process;
}

std::string InstalledProgram() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink(kOwnProgram, buffer.data(), buffer.size());
  if (size <= 0 || static_cast<size_t>(size) == buffer.size()) return {};
  std::string path(buffer.data(), static_cast<size_t>(size));
  // The kernel's words for a file that was replaced.
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

}  // namespace ringwire::platform
