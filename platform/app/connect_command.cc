// `ringwire connect SERVER` or `CONFIG`: joins the network of a gateway by a password.
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "core/config/connect_config.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/gateway_service.h"
#include "platform/app/join_network.h"
#include "platform/app/service_client.h"
#include "platform/base/paths.h"
#include "platform/connect/connect_failure.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/relay/device_options.h"

namespace ringwire::platform {
namespace {

constexpr int kInterfacesMax = 100;

// A key of [Connect] as a flag.
struct KeyFlag {
  const char* flag;
  const char* key;
  const char* help;
};
constexpr KeyFlag kKeyFlags[] = {
    {"--user", "User", "Your name at the gateway; asked for without it"},
    {"--device", "Device", "What the gateway calls this device (default: the host's name)"},
    {"--password-file", "PasswordFile",
     "Read the password from this file; - is standard input; asked for without it"},
    {"--ca", "CA", "Trust the CAs in this PEM file instead of the system's"},
    {"--pin", "Pin", "Demand the server's key with this hash, sha256//BASE64"},
    {"--routes", "Routes", "Accept only routes within these networks (default: all)"},
    {"--dns", "DNS", "Take name servers from the gateway: on or off (default: on)"},
    {"--post-quantum", "PostQuantum", "Demand or avoid it: auto, require or off (default: auto)"},
};

struct ConnectArguments {
  std::string target;
  std::string interface;
  bool in_background = false;
  std::vector<std::string> values = std::vector<std::string>(std::size(kKeyFlags));
  DeviceFlags flags;

  bool HasKeys() const {
    return !interface.empty() ||
           std::ranges::any_of(values, [](const std::string& value) { return !value.empty(); });
  }
};

bool IsConfig(const std::string& target) {
  if (target.find('/') != std::string::npos || target.ends_with(".conf")) return true;
  return std::ranges::any_of(std::vector<std::string>{"/etc/ringwire/", "/etc/wireguard/"},
                             [&target](const std::string& folder) {
                               return ::access((folder + target + ".conf").c_str(), F_OK) == 0;
                             });
}

absl::StatusOr<std::string> FreeInterface() {
  for (int i = 0; i < kInterfacesMax; ++i) {
    std::string name = fmt::format("rw{}", i);
    if (::if_nametoindex(name.c_str()) == 0) return name;
  }
  return absl::ResourceExhaustedError("every interface from rw0 to rw99 is in use");
}

// The service in the background runs in the root folder.
std::string AbsolutePath(const std::string& path) {
  if (path == "-") return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

// The flags as a [Connect] section, so that both have the same meaning and the same errors.
absl::StatusOr<std::string> SectionOf(const ConnectArguments& arguments) {
  std::string text = fmt::format("[Connect]\nServer = {}\n", arguments.target);
  for (size_t i = 0; i < std::size(kKeyFlags); ++i) {
    std::string value = arguments.values[i];
    if (value.empty()) continue;
    const std::string_view key = kKeyFlags[i].key;
    if (key == "PasswordFile" || key == "CA") value = AbsolutePath(value);
    text += fmt::format("{} = {}\n", key, value);
  }
  const auto lines = static_cast<size_t>(std::ranges::count(text, '\n'));
  const size_t expected = 2 + static_cast<size_t>(std::ranges::count_if(
                                  arguments.values, [](const auto& one) { return !one.empty(); }));
  if (lines == expected && text.find('#') == std::string::npos) return text;
  return absl::InvalidArgumentError("a value must have neither # nor a line break");
}

absl::StatusOr<ConfigSource> SourceOf(const ConnectArguments& arguments) {
  ConfigSource source;
  source.has_file = false;
  source.path = arguments.target;
  source.interface_name = arguments.interface;
  if (source.interface_name.empty()) {
    ASSIGN_OR_RETURN(source.interface_name, FreeInterface());
  }
  RETURN_IF_ERROR(CheckInterfaceName(source.interface_name));
  ASSIGN_OR_RETURN(const std::string text, SectionOf(arguments));
  ConfigParse parse = ParseConfigText(text);
  if (!parse.ok()) return absl::InvalidArgumentError(parse.errors.front().message);
  source.config = std::move(parse.config);
  return source;
}

absl::StatusOr<GatewayJob> JoinTarget(const ConnectArguments& arguments) {
  if (IsConfig(arguments.target)) {
    // A link stays one: its name is the interface's.
    const bool is_path =
        arguments.target.find('/') != std::string::npos || arguments.target.ends_with(".conf");
    return LoadGatewayJob(is_path ? AbsolutePath(arguments.target) : arguments.target);
  }
  GatewayJob job;
  ASSIGN_OR_RETURN(job.source, SourceOf(arguments));
  RETURN_IF_ERROR(CheckNetAdmin());
  ASSIGN_OR_RETURN(job.lease, JoinNetwork(&job.source));
  return job;
}

int ReportConnectError(const absl::Status& status) {
  ReportError(status);
  return ConnectExitCode(status);
}

int RunConnect(const ConnectArguments& arguments) {
  if (IsConfig(arguments.target) && arguments.HasKeys()) {
    ReportError("flags of [Connect] go with a server's name; set the keys in the file");
    return kExitUsage;
  }
  if (!IsConfig(arguments.target)) {
    const absl::StatusOr<ConfigSource> checked = SourceOf(arguments);
    if (absl::IsInvalidArgument(checked.status())) {
      ReportError(fmt::format("invalid command line: {}", MessageOf(checked.status())));
      return kExitUsage;
    }
  }
  // In this process, which has the terminal, and before signals are blocked.
  absl::StatusOr<GatewayJob> job = JoinTarget(arguments);
  if (!job.ok()) return ReportConnectError(job.status());
  if (job->lease == nullptr) {
    return ReportError(
        fmt::format("{} has no [Connect]; `ringwire run` runs it", job->source.path));
  }
  const std::string interface = job->source.interface_name;
  const auto shared = std::make_shared<GatewayJob>(*std::move(job));
  const MakeGatewayJob make = [shared]() -> absl::StatusOr<GatewayJob> {
    return std::move(*shared);
  };
  return arguments.in_background ? RunGatewayInBackground(arguments.flags, interface, make)
                                 : RunGatewayInForeground(arguments.flags, make);
}

}  // namespace

Command AddConnectCommand(CLI::App* app) {
  auto arguments = std::make_shared<ConnectArguments>();
  CLI::App* const parser = app->add_subcommand(
      "connect", "Join the network of a gateway by a password, until a signal or `down`");
  parser
      ->add_option(
          "SERVER", arguments->target,
          "The gateway, HOST or HOST:PORT; or a configuration with a [Connect] section, as "
          "for `run`")
      ->required();
  AddDeviceFlags(parser, &arguments->flags);
  // Of a client it means the server's key, not the CPUs of workers.
  parser->remove_option(parser->get_option("--pin"));
  for (size_t i = 0; i < std::size(kKeyFlags); ++i) {
    parser->add_option(kKeyFlags[i].flag, arguments->values[i], kKeyFlags[i].help);
  }
  parser->add_option("--interface", arguments->interface,
                     "The interface's name (default: rw0, or the first free one)");
  parser->add_flag("-b,--background", arguments->in_background,
                   "Return when the tunnel is up, as `up` does");
  return {parser, [arguments] { return RunConnect(*arguments); }};
}

}  // namespace ringwire::platform
