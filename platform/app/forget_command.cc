#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

struct ForgetArguments {
  std::string interface_name;
  std::string peer;
};

int Forget(const ForgetArguments& arguments) {
  const absl::Status name = CheckInterfaceName(arguments.interface_name);
  if (!name.ok()) return ReportError(name);
  crypto::PublicKey peer{};
  if (!ParseKeyBase64(arguments.peer, peer)) {
    return ReportError(fmt::format(
        "cannot forget peer `{}`: not a public key; give the 44 characters of base64 that "
        "`ringwire show` prints",
        arguments.peer));
  }
  const absl::StatusOr<std::string> answer =
      AskAdministration(arguments.interface_name, "forget " + arguments.peer);
  return answer.ok() ? kExitSuccess : ReportError(answer.status());
}

}  // namespace

Command AddForgetCommand(CLI::App* app) {
  auto arguments = std::make_shared<ForgetArguments>();
  CLI::App* const parser = app->add_subcommand(
      "forget", "Clear a peer's greatest handshake timestamp (after its clock was set back)");
  parser->add_option("IFNAME", arguments->interface_name, "The interface")->required();
  parser->add_option("PEER", arguments->peer, "The peer's public key")->required();
  return {parser, [arguments] { return Forget(*arguments); }};
}

}  // namespace ringwire::platform
