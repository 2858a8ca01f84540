// `ringwire user`: the users file of [Enrol], and the leases of its users.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "core/enrol/secret_bytes.h"
#include "core/enrol/users_file.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/app/commands.h"
#include "platform/app/password_prompt.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/base/replace_file.h"
#include "platform/base/state_lock.h"
#include "platform/config/config_source.h"
#include "platform/config/secret_file.h"
#include "platform/process/report_error.h"
#include "platform/registrar/password_hash.h"
#include "platform/supervisor/enrol_files.h"

namespace ringwire::platform {
namespace {

using Change = std::function<absl::StatusOr<enrol::SecretBytes>(std::string_view text)>;

struct UserArguments {
  std::string interface;
  std::string name;
  std::string password_file;
  std::string device;
};

absl::StatusOr<ConfigSource> LoadEnrolConfig(const std::string& argument) {
  ConfigSource source = LoadConfig(argument, KeyFiles::kIgnore);
  if (!source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(source));
  if (source.config.enrol.has_value()) return source;
  return absl::FailedPreconditionError(fmt::format("{} has no [Enrol]", source.path));
}

// The users file; empty if there is none yet.
absl::StatusOr<SecretText> ReadUsersFile(const std::string& path) {
  absl::StatusOr<SecretText> text = ReadSecretFile(path);
  if (absl::IsNotFound(text.status())) return SecretText();
  return text;
}

// Changes the file under a lock, and lets the service read it.
absl::Status ChangeUsers(const ConfigSource& source, const Change& change) {
  const std::string& interface = source.interface_name;
  const std::string path = UsersPathOf(source.config, source.path, interface);
  ASSIGN_OR_RETURN(const StateLock lock,
                   StateLock::Take(kStatusDirectory, interface + ".users", EndSignals::kHeard));
  ASSIGN_OR_RETURN(const SecretText before, ReadUsersFile(path));
  ASSIGN_OR_RETURN(const enrol::SecretBytes after, change(before.text));
  const absl::StatusOr<enrol::UserTable> checked = enrol::ParseUsers(after.view());
  if (!checked.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("cannot change {}: {}", path, MessageOf(checked.status())));
  }
  RETURN_IF_ERROR(ReplaceFile(path, after.view()));
  const absl::StatusOr<std::string> answer = AskAdministration(interface, "reload");
  if (answer.ok() || absl::IsNotFound(answer.status())) return absl::OkStatus();
  return absl::Status(answer.status().code(), fmt::format("{} is changed, but not in use yet: {}",
                                                          path, MessageOf(answer.status())));
}

// `with`: enrol::WithUser or enrol::WithHash. Tries it before it asks, so that nobody types a
// password in vain, and asks before it takes the lock.
absl::Status SetPassword(const UserArguments& arguments, decltype(&enrol::WithUser) with) {
  ASSIGN_OR_RETURN(const ConfigSource source, LoadEnrolConfig(arguments.interface));
  ASSIGN_OR_RETURN(const SecretText before,
                   ReadUsersFile(UsersPathOf(source.config, source.path, source.interface_name)));
  RETURN_IF_ERROR(with(before.text, arguments.name, "*").status());
  ASSIGN_OR_RETURN(const enrol::SecretBytes password,
                   AskForPassword(arguments.password_file, /*twice=*/true));
  ASSIGN_OR_RETURN(const std::string hash, HashPassword(password.view()));
  return ChangeUsers(source,
                     [&](std::string_view text) { return with(text, arguments.name, hash); });
}

int Report(const absl::Status& status) { return status.ok() ? kExitSuccess : ReportError(status); }

int AddUser(const UserArguments& arguments) {
  if (!enrol::IsUserName(arguments.name)) {
    return ReportError(fmt::format(
        "cannot add `{}`: a name must be 1 to 64 of a-z 0-9 . _ @ -, the first a letter or digit",
        arguments.name));
  }
  return Report(SetPassword(arguments, &enrol::WithUser));
}

int ChangePassword(const UserArguments& arguments) {
  return Report(SetPassword(arguments, &enrol::WithHash));
}

int RemoveUser(const UserArguments& arguments) {
  const absl::StatusOr<ConfigSource> source = LoadEnrolConfig(arguments.interface);
  if (!source.ok()) return ReportError(source.status());
  return Report(ChangeUsers(
      *source, [&](std::string_view text) { return enrol::WithoutUser(text, arguments.name); }));
}

// What the service says, as it stands.
int Show(const absl::StatusOr<std::string>& answer) {
  if (!answer.ok()) return ReportError(answer.status());
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  fmt::print("{}\n", json.value("warnings", std::string()));
  return kExitSuccess;
}

int ListUsers(const UserArguments& arguments) {
  return Show(AskAdministration(arguments.interface, "leases"));
}

int RevokeUser(const UserArguments& arguments) {
  std::string request = "revoke " + arguments.name;
  if (!arguments.device.empty()) request += " " + arguments.device;
  return Show(AskAdministration(arguments.interface, request));
}

}  // namespace

Command AddUserCommand(CLI::App* app) {
  auto arguments = std::make_shared<UserArguments>();
  auto run = std::make_shared<int (*)(const UserArguments&)>(nullptr);
  CLI::App* const user = app->add_subcommand("user", "Change and list the users of [Enrol]");
  user->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*function)(const UserArguments&)) {
    CLI::App* const command = user->add_subcommand(name, help);
    command->callback([run, function] { *run = function; });
    return command;
  };
  // The first three change the users file, so they need a configuration and no running service.
  const auto with_file = [&](CLI::App* command) {
    command->add_option("CONFIG", arguments->interface, kConfigArgumentHelp)->required();
    command->add_option("NAME", arguments->name, "The user")->required();
    return command;
  };
  const auto with_service = [&](CLI::App* command) {
    command->add_option("IFNAME", arguments->interface, "The interface")->required();
    return command;
  };
  constexpr char kPasswordFile[] = "Read the password from this file; - is standard input";
  with_file(add("add", "Add a user; asks for a password", &AddUser))
      ->add_option("--password-file", arguments->password_file, kPasswordFile);
  with_file(add("passwd", "Change a user's password; ends the user's sessions", &ChangePassword))
      ->add_option("--password-file", arguments->password_file, kPasswordFile);
  with_file(add("remove", "Remove a user; ends the user's sessions", &RemoveUser));
  with_service(add("list", "List the devices that have access", &ListUsers));
  CLI::App* const revoke = with_service(
      add("revoke", "End a user's access; it returns when no packet passes any more", &RevokeUser));
  revoke->add_option("NAME", arguments->name, "The user")->required();
  revoke->add_option("--device", arguments->device, "Only the device with this public key");
  return {user, [arguments, run] { return (*run)(*arguments); }};
}

}  // namespace ringwire::platform
