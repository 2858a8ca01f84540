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
  pid_t parent = 0;                         // when it ends, this process ends too; 0: none
  std::vector<cap_value_t> kept = {};       // capabilities; only those that the role needs
  std::vector<std::string> removable = {};  // folders that files may be removed from
  // Becomes the root folder, and the only one whose files are in reach. It is given to the new
  // user. Empty: none.
  std::string own_folder = {};
};

// The missing walls around a process, with reasons. Empty: the wall exists.
struct MissingWalls {
  std::string other_user;
  std::string landlock;
  std::string call_filter;
};

// Takes the rights from a process that parses bytes from the network. Everything that it needs is
// open before. The order matters, because in another one a step would undo or forbid a later one:
//   GiveUpRights(): groups, user, capabilities; then the signal at the parent's end, which a change
//   of user clears; then Landlock, which binds only the calling thread and those that it makes;
//   all threads;
//   Seal(): the limit of tasks, and the filter of system calls, for every thread.
// An error: the process must not go on. A wall that this system cannot give is none, but is named.
class Confinement {
 public:
  // Call before the first thread.
  static absl::StatusOr<Confinement> GiveUpRights(const ConfinementOptions& options);
  // Call once, after the last thread. Thread-compatible.
  absl::Status Seal();

  // Whether the own folder is the root folder now. Without the right to that it keeps its path.
  bool is_folder_root() const { return is_folder_root_; }

  const MissingWalls& missing() const { return missing_; }
  // Each missing wall as a line for people: what is missing, why, what to do.
  std::vector<std::string> Warnings() const;

 private:
  Confinement(SandboxRole role, UniqueFd tasks) : role_(role), tasks_(std::move(tasks)) {}

  SandboxRole role_;
  UniqueFd tasks_;  // /proc/self/task, which cannot be opened later; invalid: there is no /proc
  MissingWalls missing_;
  bool is_folder_root_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CONFINEMENT_H_
