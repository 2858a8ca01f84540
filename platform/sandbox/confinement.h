#ifndef RINGWIRE_PLATFORM_SANDBOX_CONFINEMENT_H_
#define RINGWIRE_PLATFORM_SANDBOX_CONFINEMENT_H_

#include <sys/capability.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/sandbox/policy.h"

namespace ringwire::platform {

struct ConfinementOptions {
  SandboxRole role = SandboxRole::kRelay;
  pid_t parent = 0;                         // ends this process with its own end; 0: nobody does
  std::vector<cap_value_t> kept = {};       // capabilities; none unless the role cannot do without
  std::vector<std::string> removable = {};  // folders that files may be removed from
};

// Which of the walls around a process are missing, and why. Empty: the wall stands.
struct MissingWalls {
  std::string other_user;
  std::string landlock;
  std::string call_filter;
};

// The way of a process that parses bytes of the network out of its rights. Everything that it needs
// is open before. In this order, as each step would undo or forbid a later one elsewhere:
//   GiveUpRights(): groups, user, capabilities; then the signal at the parent's end, which a change
//   of user clears; then Landlock, which binds only the calling thread and those that it makes;
//   all threads;
//   Seal(): the limit of tasks, and the filter of system calls, for every thread.
// An error: the process must not go on. A wall that this system cannot give is none, but is named.
class Confinement {
 public:
  // Before the first thread.
  static absl::StatusOr<Confinement> GiveUpRights(const ConfinementOptions& options);
  // After the last thread. Thread-compatible, once.
  absl::Status Seal();

  const MissingWalls& missing() const { return missing_; }
  // Each missing wall as a line for people: what is missing, why, what to do.
  std::vector<std::string> Warnings() const;

 private:
  Confinement(SandboxRole role, UniqueFd tasks) : role_(role), tasks_(std::move(tasks)) {}

  SandboxRole role_;
  UniqueFd tasks_;  // /proc/self/task, which cannot be opened later; invalid: there is no /proc
  MissingWalls missing_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CONFINEMENT_H_
