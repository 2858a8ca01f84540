#ifndef RINGWIRE_PLATFORM_PROCESS_INVOKING_USER_H_
#define RINGWIRE_PLATFORM_PROCESS_INVOKING_USER_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringwire::platform {

// Whom sudo, pkexec or doas has made root for this command, as they say in the environment.
struct Invoker {
  std::optional<uid_t> user;
  std::optional<gid_t> group;  // absent: the user's own
  std::string user_name;       // where no number is known
};

// One for each of those programs that the environment names; each sets its own variables, and may
// let the caller set the others'. Empty: none. The error: a variable that cannot be understood.
// `variable`: the value of an environment variable, or nullptr. Pure.
absl::StatusOr<std::vector<Invoker>> FindInvokers(
    absl::FunctionRef<const char*(const char*)> variable);

// A user with all that belongs to one.
struct User {
  uid_t id = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
  std::string name;  // empty, as the rest: the system has no entry for the number
  std::string home;
  std::string shell;
};

// The one user that all of them are; nullopt: there are none. PermissionDenied: they differ, so
// that one of them is the caller's invention. Pure.
absl::StatusOr<std::optional<User>> AgreedUser(const std::vector<User>& users);

// The user for whom this process runs: of root the invoker, if there is one, else who has started
// it. nullopt: that is root.
absl::StatusOr<std::optional<User>> InvokingUser();

// Becomes that user for good, with its groups and environment and no privilege.
absl::Status Become(const User& user);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_INVOKING_USER_H_
