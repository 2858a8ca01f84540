#include "platform/process/own_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace ringwire::platform {

absl::StatusOr<pid_t> StartOwnProgram(std::vector<std::string> arguments, int channel) {
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
      ::posix_spawn(&process, "/proc/self/exe", &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start " + arguments.front());
  return process;
}

}  // namespace ringwire::platform
