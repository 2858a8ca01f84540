// `ringwire exec IFNAME -- CMD…`: a program in the network namespace of a tunnel.
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/cut_off.h"
#include "platform/app/namespace_view.h"
#include "platform/base/paths.h"
#include "platform/gateway/host/journal.h"
#include "platform/netlink/named_namespace.h"
#include "platform/process/invoking_user.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

// As a shell, env and nice tell that they could not run something.
constexpr int kExitCannotRun = 126;
constexpr int kExitNotFound = 127;

// The name of the network namespace of a tunnel that is up, and the namespace.
absl::StatusOr<std::pair<std::string, NamedNamespace>> FindNamespace(const std::string& interface) {
  const std::string tried = "cannot run a program in the network namespace of " + interface;
  RETURN_IF_ERROR(CheckInterfaceName(interface));
  const absl::StatusOr<Journal::Namespace> wanted =
      Journal::NamespaceOf(kStatusDirectory, interface);
  if (absl::IsPermissionDenied(wanted.status()) && ::geteuid() != 0) {
    return absl::PermissionDeniedError(
        fmt::format("{}: not permitted; `sudo ringwire exec` runs it as you", tried));
  }
  const std::optional<pid_t> service = Journal::Owner(kStatusDirectory, interface);
  const std::string cut_off = CutOffBy(interface);
  if (!cut_off.empty()) return absl::FailedPreconditionError(fmt::format("{}: {}", tried, cut_off));
  if (absl::IsNotFound(wanted.status()) || (wanted.ok() && !service.has_value())) {
    return absl::NotFoundError(fmt::format("{}: it is not up; `ringwire up` starts it", tried));
  }
  if (!wanted.ok()) return wanted.status();
  if (wanted->name.empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: it has none of its own; `Namespace = NAME` in the [Gateway] section makes one",
        tried));
  }
  absl::StatusOr<NamedNamespace> network = NamedNamespace::Open(wanted->name);
  // By another way where the name is not seen, or is another one's by now.
  if (!network.ok() || network->id() != wanted->id) {
    network = NamedNamespace::OpenOf(*service, wanted->id);
  }
  if (!network.ok()) return network.status();
  return std::pair(wanted->name, *std::move(network));
}

int Execute(const std::string& interface, std::vector<std::string> program) {
  // Known before anything is done: nothing is ever run as root for want of an answer.
  const absl::StatusOr<std::optional<User>> user = InvokingUser();
  if (!user.ok()) return ReportError(user.status());
  absl::StatusOr<std::pair<std::string, NamedNamespace>> found = FindNamespace(interface);
  if (!found.ok()) return ReportError(found.status());
  absl::Status status = EnterForGood(found->first, found->second);
  UnprotectProcess();
  if (status.ok() && user->has_value()) status = Become(**user);
  if (!status.ok()) return ReportError(status);
  std::vector<char*> arguments;
  for (std::string& argument : program) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  ReportError(absl::ErrnoToStatus(error, "cannot run " + program.front()));
  return error == ENOENT ? kExitNotFound : kExitCannotRun;
}

}  // namespace

size_t ExecWords(std::span<char* const> words) {
  constexpr size_t kCommand = 1;
  constexpr size_t kInterface = 2;
  constexpr size_t kBehind = 3;
  const bool has_program = words.size() > kBehind && std::string_view(words[kCommand]) == "exec" &&
                           !std::string_view(words[kInterface]).starts_with('-');
  if (!has_program) return words.size();
  if (std::string_view(words[kBehind]) == "--") return kBehind + 1;
  return std::string_view(words[kBehind]).starts_with('-') ? words.size() : kBehind;
}

Command AddExecCommand(CLI::App* app, std::vector<std::string> program) {
  auto interface = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(
      "exec", "Run a program in a tunnel's network namespace: exec IFNAME -- PROGRAM [ARGUMENTS]");
  parser->add_option("IFNAME", *interface, "An interface with a Namespace")->required();
  return {
      parser, [interface, program = std::move(program)] {
        if (!program.empty()) return Execute(*interface, program);
        ReportError("invalid command line: write `ringwire exec IFNAME -- PROGRAM [ARGUMENTS]`");
        return kExitUsage;
      }};
}

}  // namespace ringwire::platform
