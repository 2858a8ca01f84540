#include "platform/sandbox/confinement.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "core/base/status_macros.h"
#include "platform/base/message_of.h"
#include "platform/base/never_dump.h"
#include "platform/sandbox/call_guard.h"
#include "platform/sandbox/capabilities.h"
#include "platform/sandbox/identity.h"
#include "platform/sandbox/landlock.h"
#include "platform/sandbox/sanitizer_needs.h"

namespace ringwire::platform {
namespace {

// Checks the effects of the change of user.
absl::Status CheckNoWayBack(const Identity& identity) {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  const bool changed = ::getresuid(&real, &effective, &saved) == 0 && real == identity.user &&
                       effective == identity.user && saved == identity.user;
  if (changed && ::setresuid(0, 0, 0) != 0 && ::setresgid(0, 0, 0) != 0) return absl::OkStatus();
  return absl::InternalError("become another user: there is a way back; nothing is run like this");
}

// False: this process may not; the folder keeps its path. Call it as the user of before.
absl::StatusOr<bool> EnterFolder(const std::string& folder, const Identity& identity) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open " + folder);
  // Best effort: a process that cannot change its user keeps the folder.
  [[maybe_unused]] const int given = ::fchown(fd.get(), identity.user, identity.group);
  if (::fchdir(fd.get()) != 0) return absl::ErrnoToStatus(errno, "enter " + folder);
  if (::chroot(".") == 0) return true;
  if (errno == EPERM) return false;
  return absl::ErrnoToStatus(errno, "make the root folder of " + folder);
}

absl::Status ChangeUser(const ConfinementOptions& options, const Identity& identity,
                        std::string* still_root) {
  NarrowBounds(options.kept);
  absl::Status status = options.kept.empty() ? absl::OkStatus() : KeepAcrossIdentity();
  if (!status.ok()) return status;
  const absl::Status became = Become(identity);
  status = KeepCapabilities(options.kept);
  if (!status.ok()) return status;
  if (became.ok()) return CheckNoWayBack(identity);
  if (::getuid() == 0 || ::geteuid() == 0) *still_root = MessageOf(became);
  return absl::OkStatus();
}

// The parent may have ended before it was watched.
absl::Status EndWithParent(pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "end with the parent process");
  }
  if (::getppid() == parent) return absl::OkStatus();
  return absl::AbortedError("start: the parent process is gone");
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// The number of threads of this process, io_uring's workers included. 0: unknown.
rlim_t CountTasks(UniqueFd folder) {
  const std::unique_ptr<DIR, CloseFolder> tasks(::fdopendir(folder.Release()));
  rlim_t count = 0;
  while (tasks != nullptr) {
    const dirent* const entry = ::readdir(tasks.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

// Allows no more tasks than exist. The limit is not 0: the kernel counts a ring's workers, and a
// ring may replace one.
absl::Status LimitTasks(UniqueFd folder) {
  const rlim_t tasks = CountTasks(std::move(folder));
  if (tasks == 0) return absl::OkStatus();
  const rlimit limit{tasks, tasks};
  if (::setrlimit(RLIMIT_NPROC, &limit) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "limit the number of tasks");
}

}  // namespace

absl::StatusOr<Confinement> Confinement::GiveUpRights(const ConfinementOptions& options) {
  Confinement confinement(options.role,
                          UniqueFd(::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  MissingWalls& missing = confinement.missing_;
  if (!ChecksLeaksInstead()) OpenSanitizerReport();  // as the user that owns its folder
  const Identity identity = IdentityOf(options.role);
  std::string own_folder = options.own_folder;
  if (!own_folder.empty()) {
    ASSIGN_OR_RETURN(confinement.is_folder_root_, EnterFolder(own_folder, identity));
    if (confinement.is_folder_root_) own_folder = "/";
  }
  absl::Status status = ChangeUser(options, identity, &missing.other_user);
  if (!status.ok()) return status;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "give up gaining privileges");
  }
  NeverDump();  // a change of user may allow it again
  if (options.parent != 0) status = EndWithParent(options.parent);
  if (!status.ok()) return status;
  if (ChecksLeaksInstead()) {
    missing.landlock = missing.call_filter = "leaks are looked for";
    return confinement;
  }
  EndLeakChecks();
  missing.landlock = MessageOf(ForbidFiles(options.removable, own_folder));
  return confinement;
}

absl::Status Confinement::Seal() {
  if (ChecksLeaksInstead()) return absl::OkStatus();
  RETURN_IF_ERROR(LimitTasks(std::move(tasks_)));
  const absl::Status guarded = GuardCalls(PolicyFor(role_, static_cast<uint32_t>(::getpid())));
  if (absl::IsUnavailable(guarded)) {
    missing_.call_filter = MessageOf(guarded);
    return absl::OkStatus();
  }
  return guarded;
}

std::vector<std::string> Confinement::Warnings() const {
  std::vector<std::string> warnings;
  if (!missing_.other_user.empty()) {
    warnings.push_back("still runs as user 0, though without a capability: " + missing_.other_user);
  }
  if (!missing_.landlock.empty()) {
    warnings.push_back("runs without Landlock: " + missing_.landlock);
  }
  if (!missing_.call_filter.empty()) {
    warnings.push_back("runs with every system call: " + missing_.call_filter);
  }
  return warnings;
}

}  // namespace ringwire::platform
