#include "platform/sandbox/identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "platform/base/paths.h"

namespace ringwire::platform {
namespace {

bool IsUnused(uint32_t id) { return ::getpwuid(id) == nullptr && ::getgrgid(id) == nullptr; }

absl::Status StatusOf(int error) {
  if (error == EPERM) {
    return absl::PermissionDeniedError("no CAP_SETUID and CAP_SETGID; allow both to the service");
  }
  if (error == EINVAL) return absl::NotFoundError("its user namespace has no other user");
  return absl::ErrnoToStatus(error, "become another user");
}

// Who may read the status sockets.
std::vector<gid_t> GroupsOf(SandboxRole role) {
  if (role != SandboxRole::kExporter) return {};
  const std::optional<gid_t> readers = StatusGroup();
  if (!readers.has_value()) return {};
  return {*readers};
}

Identity MainIdentityOf(SandboxRole role) {
  const passwd* const account = ::getpwnam(std::string(AccountOf(role)).c_str());
  if (account != nullptr && account->pw_uid != 0 && account->pw_gid != 0) {
    return {account->pw_uid, account->pw_gid, {}};
  }
  const uint32_t first = FirstUnusedId(role);
  for (uint32_t id = first; id <= kUnusedIdLast; id += kUnusedIdStep) {
    if (IsUnused(id)) return {id, id, {}};
  }
  return {first, first, {}};
}

}  // namespace

Identity IdentityOf(SandboxRole role) {
  Identity identity = MainIdentityOf(role);
  identity.groups = GroupsOf(role);
  return identity;
}

// Groups first: a user may not choose them.
absl::Status Become(const Identity& identity) {
  if (::setgroups(identity.groups.size(), identity.groups.data()) != 0) return StatusOf(errno);
  if (::setresgid(identity.group, identity.group, identity.group) != 0) return StatusOf(errno);
  if (::setresuid(identity.user, identity.user, identity.user) != 0) return StatusOf(errno);
  return absl::OkStatus();
}

}  // namespace ringwire::platform
