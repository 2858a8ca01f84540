#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_IN_CHILD_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

namespace ringwire::platform {

// How a process ended in which `body` ran.
struct ChildEnd {
  int exit_code = -1;  // what `body` returned; -1: a signal ended it
  int signal = 0;
};

// Runs `body` in a process of its own: what it gives up is not missing elsewhere.
template <typename Body>
ChildEnd InChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  ChildEnd end;
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_IN_CHILD_H_
