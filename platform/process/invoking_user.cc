#include "platform/process/invoking_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/process/privileges.h"

namespace ringwire::platform {
namespace {

// The number of a user or group; the greatest one is the kernel's "no change".
absl::StatusOr<uint32_t> ParseId(const char* variable, std::string_view text) {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() &&
      id != std::numeric_limits<uint32_t>::max()) {
    return id;
  }
  return absl::InvalidArgumentError(fmt::format(
      "find the invoking user: {} holds no number (nothing is run as root instead)", variable));
}

// All groups of the user, from the system's database.
std::vector<gid_t> GroupsOf(const std::string& name, gid_t group) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (::getgrouplist(name.c_str(), group, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    if (::getgrouplist(name.c_str(), group, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}

absl::StatusOr<User> UserOf(const Invoker& invoker) {
  const passwd* const entry =
      invoker.user.has_value() ? ::getpwuid(*invoker.user) : ::getpwnam(invoker.user_name.c_str());
  User user;
  if (entry == nullptr && (!invoker.user.has_value() || !invoker.group.has_value())) {
    return absl::NotFoundError(fmt::format(
        "find the invoking user: this system has no user {} (nothing is run as root instead)",
        invoker.user.has_value() ? std::to_string(*invoker.user) : invoker.user_name));
  }
  if (entry == nullptr) {
    user.id = *invoker.user;
    user.group = *invoker.group;
    user.groups = {user.group};
    return user;
  }
  user.id = entry->pw_uid;
  user.group = invoker.group.value_or(entry->pw_gid);
  user.name = entry->pw_name;
  user.home = entry->pw_dir;
  user.shell = entry->pw_shell;
  user.groups = GroupsOf(user.name, user.group);
  return user;
}

}  // namespace

absl::StatusOr<std::vector<Invoker>> FindInvokers(
    absl::FunctionRef<const char*(const char*)> variable) {
  std::vector<Invoker> invokers;
  for (const char* const name : {"SUDO_UID", "PKEXEC_UID"}) {
    const char* const text = variable(name);
    if (text == nullptr) continue;
    ASSIGN_OR_RETURN(const uint32_t user, ParseId(name, text));
    Invoker invoker{user, std::nullopt, {}};
    const char* const group_text = variable("SUDO_GID");
    if (std::string_view(name) == "SUDO_UID" && group_text != nullptr) {
      ASSIGN_OR_RETURN(const uint32_t group, ParseId("SUDO_GID", group_text));
      invoker.group = group;
    }
    invokers.push_back(std::move(invoker));
  }
  const char* const name = variable("DOAS_USER");
  if (name != nullptr) invokers.push_back({std::nullopt, std::nullopt, name});
  return invokers;
}

absl::StatusOr<std::optional<User>> AgreedUser(const std::vector<User>& users) {
  if (users.empty()) return std::nullopt;
  for (const User& user : users) {
    if (user.id == users.front().id) continue;
    return absl::PermissionDeniedError(fmt::format(
        "cannot find the invoking user: SUDO_UID, PKEXEC_UID and DOAS_USER name both {} and {}; "
        "unset what another program has left",
        users.front().id, user.id));
  }
  return users.front();
}

absl::StatusOr<std::optional<User>> InvokingUser() {
  std::vector<Invoker> invokers = {{::getuid(), ::getgid(), {}}};
  if (::getuid() == 0) {
    absl::StatusOr<std::vector<Invoker>> found =
        FindInvokers([](const char* name) -> const char* { return std::getenv(name); });
    if (!found.ok()) return found.status();
    invokers = *std::move(found);
  }
  std::vector<User> users;
  for (const Invoker& invoker : invokers) {
    ASSIGN_OR_RETURN(User user, UserOf(invoker));
    users.push_back(std::move(user));
  }
  absl::StatusOr<std::optional<User>> agreed = AgreedUser(users);
  if (agreed.ok() && agreed->has_value() && (*agreed)->id == 0) return std::nullopt;
  return agreed;
}

absl::Status Become(const User& user) {
  const std::string tried = fmt::format("become the user {}", user.id);
  // Groups first: an ordinary user may not set them.
  if (::setgroups(user.groups.size(), user.groups.data()) != 0 ||
      ::setresgid(user.group, user.group, user.group) != 0 ||
      ::setresuid(user.id, user.id, user.id) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  RETURN_IF_ERROR(DropEveryPrivilege());
  for (const char* const name :
       {"SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND", "PKEXEC_UID", "DOAS_USER"}) {
    ::unsetenv(name);
  }
  if (user.name.empty()) return absl::OkStatus();
  ::setenv("HOME", user.home.c_str(), 1);
  ::setenv("SHELL", user.shell.c_str(), 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("LOGNAME", user.name.c_str(), 1);
  return absl::OkStatus();
}

}  // namespace ringwire::platform
