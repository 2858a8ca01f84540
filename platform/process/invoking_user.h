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

// The user who called sudo, pkexec or doas, according to the environment.
struct Invoker {
  std::optional<uid_t> user;
  std::optional<gid_t> group;  // absent: the user's own
  std::string user_name;       // if no number is known
};

// One for each of those programs that the environment names; each sets its own variables, and may
// let the caller set the others'. Empty: none. The error: a variable that cannot be understood.
// `variable`: the value of an environment variable, or nullptr. Pure.
absl::StatusOr<std::vector<Invoker>> FindInvokers(
    absl::FunctionRef<const char*(const char*)> variable);

// A user's identity and environment.
struct User {
  uid_t id = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
  std::string name;  // empty, like the rest, if the system has no entry for the number
  std::string home;
  std::string shell;
};

// The one user that all of them are; nullopt: there are none. PermissionDenied: they differ, so
// that one of them is the caller's invention. Pure.
absl::StatusOr<std::optional<User>> AgreedUser(const std::vector<User>& users);

// The user for whom this process runs: for root the invoker, if any, else the process's own user.
// nullopt: root.
absl::StatusOr<std::optional<User>> InvokingUser();

// Becomes that user irrevocably, with its groups and environment and no privilege.
absl::Status Become(const User& user);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_INVOKING_USER_H_
