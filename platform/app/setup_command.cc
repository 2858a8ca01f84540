// `ringwire setup`: the first configuration of a gateway, by four questions.
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/ascii.h"
#include "core/base/status_macros.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/setup_questions.h"
#include "platform/base/make_folder.h"
#include "platform/config/config_source.h"
#include "platform/config/secret_file.h"
#include "platform/netlink/route_netlink.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr char kFolder[] = "/etc/ringwire";
constexpr char kOtherFolder[] = "/etc/wireguard";

struct SetupArguments {
  std::array<std::string, kSetupQuestionCount> answers;  // from the command line; empty: none
  bool defaults = false;                                 // asks nothing
};

// The networks that this host reaches without a tunnel; empty if it does not say.
std::vector<Prefix> NetworksOfHost() {
  std::vector<Prefix> networks;
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return networks;
  const auto routes = netlink->LocalRoutes(0);
  if (!routes.ok()) return networks;
  for (const HostRoute& route : *routes) networks.push_back(route.prefix);
  return networks;
}

// Asks until the answer is right. An empty line keeps the default.
absl::Status AskUntilRight(const SetupQuestion& question, FirstGateway* gateway) {
  while (true) {
    fmt::print(stderr, "{} [{}]: ", question.text, question.present(*gateway));
    std::string line;
    if (!std::getline(std::cin, line)) {
      fmt::print(stderr, "\n");
      return absl::InvalidArgumentError(
          fmt::format("the input ended before an answer; give --{}, or --defaults for what is not "
                      "given",
                      question.option));
    }
    const std::string_view answer = Trim(line);
    if (answer.empty()) return absl::OkStatus();
    const absl::Status status = question.take(answer, gateway);
    if (status.ok()) return status;
    ReportError(status);
  }
}

absl::StatusOr<FirstGateway> Answers(const SetupArguments& arguments) {
  crypto::SystemRandom random;
  FirstGateway gateway;
  gateway.addresses = AddressesForFirstGateway(NetworksOfHost(), random);
  for (size_t i = 0; i < kSetupQuestionCount; ++i) {
    const SetupQuestion& question = kSetupQuestions[i];
    if (!arguments.answers[i].empty()) {
      RETURN_IF_ERROR(question.take(arguments.answers[i], &gateway));
    } else if (!arguments.defaults) {
      RETURN_IF_ERROR(AskUntilRight(question, &gateway));
    }
  }
  return gateway;
}

absl::Status CheckUnused(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return absl::OkStatus();
  return absl::AlreadyExistsError(
      fmt::format("{} exists; choose another --name, or remove that file", path));
}

// The key first: a configuration without its key would be a trap.
absl::Status Write(const FirstGateway& gateway) {
  const std::string base = fmt::format("{}/{}", kFolder, gateway.interface);
  for (const std::string& path : {base + ".conf", base + ".key",
                                  fmt::format("{}/{}.conf", kOtherFolder, gateway.interface)}) {
    RETURN_IF_ERROR(CheckUnused(path));
  }
  RETURN_IF_ERROR(MakeFolder(kFolder, 0700));
  crypto::SystemRandom random;
  SecretText key;
  key.text = KeyToBase64(crypto::GeneratePrivateKey(random).bytes());
  ReserveSecret(key.text.size() + 1, &key.text);
  key.text += '\n';
  RETURN_IF_ERROR(MakeSecretFile(base + ".key", key.text));
  const absl::Status status = MakeSecretFile(base + ".conf", FirstGatewayText(gateway));
  if (!status.ok()) ::unlink((base + ".key").c_str());
  return status;
}

int Setup(const SetupArguments& arguments) {
  const absl::StatusOr<FirstGateway> gateway = Answers(arguments);
  const absl::Status status = gateway.ok() ? Write(*gateway) : gateway.status();
  if (!status.ok()) {
    return ReportError(
        fmt::format("cannot set up a gateway: {}; nothing was written", MessageOf(status)));
  }
  return WriteOutput("what comes next",
                     fmt::format("{0}/{1}.conf and its key {0}/{1}.key are written. Next:\n"
                                 "  ringwire doctor {1}    # whether it works on this host\n"
                                 "  ringwire up {1}        # with systemd: systemctl enable --now "
                                 "ringwire@{1}\n"
                                 "  ringwire add-peer --endpoint HOST --qr {1} phone\n",
                                 kFolder, gateway->interface));
}

}  // namespace

Command AddSetupCommand(CLI::App* app) {
  auto arguments = std::make_shared<SetupArguments>();
  CLI::App* const parser = app->add_subcommand(
      "setup", "Write a first gateway configuration from the answers to four questions");
  for (size_t i = 0; i < kSetupQuestionCount; ++i) {
    parser->add_option(fmt::format("--{}", kSetupQuestions[i].option), arguments->answers[i],
                       std::string(kSetupQuestions[i].text));
  }
  parser->add_flag("--defaults", arguments->defaults, "Ask nothing: take the default instead");
  return {parser, [arguments] { return Setup(*arguments); }};
}

}  // namespace ringwire::platform
