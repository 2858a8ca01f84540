// `ringwire add-peer` and `ringwire remove-peer`: into the configuration file, and live at once.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "core/config/peer_blocks.h"
#include "core/device/key_text.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/qr_code.h"
#include "platform/app/status_client.h"
#include "platform/base/unique_fd.h"
#include "platform/config/config_source.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

struct AddArguments {
  std::string interface;
  std::string name;
  std::string endpoint;
  bool full_tunnel = false;
  bool qr = false;
};

struct RemoveArguments {
  std::string interface;
  std::string peer;
};

struct LoadedFile {
  ConfigSource source;
  SecretText text;
  std::string target;  // the file itself, where the path is a link
};

absl::StatusOr<LoadedFile> LoadFile(const std::string& argument) {
  if (ProcessEnvironment().changes_config()) {
    return absl::FailedPreconditionError(
        "cannot change the file: the environment sets a part of the configuration (RINGWIRE_...); "
        "change the variables instead");
  }
  LoadedFile file;
  file.source = LoadConfig(argument, KeyFiles::kRead, &file.text);
  if (!file.source.errors.empty()) return absl::InvalidArgumentError(SummaryOf(file.source));
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> target(::realpath(file.source.path.c_str(), nullptr));
  if (target == nullptr) return absl::ErrnoToStatus(errno, "cannot find " + file.source.path);
  file.target = target.get();
  return file;
}

// Replaces the file and lets the service, if it is up, read it. If the service refuses it, the file
// is as before.
absl::Status Replace(const LoadedFile& file, const std::string& text) {
  const ConfigParse parse = ParseConfigText(text);
  if (!parse.ok()) return absl::InternalError(parse.errors.front().message);
  absl::Status status = ReplaceSecretFile(file.target, text);
  if (!status.ok()) return status;
  const std::string& interface = file.source.interface_name;
  const absl::StatusOr<std::string> answer = AskAdministration(interface, "reload");
  if (answer.ok()) return absl::OkStatus();
  if (absl::IsNotFound(answer.status())) {
    ReportWarning(
        fmt::format("{} is not up; `ringwire up {}` uses the changed file", interface, interface));
    return absl::OkStatus();
  }
  status = ReplaceSecretFile(file.target, file.text.text);
  const std::string_view left =
      status.ok() ? "; the file is as before" : "; the file is changed all the same";
  return absl::Status(answer.status().code(),
                      fmt::format("{}{}", MessageOf(answer.status()), left));
}

// The address that this host sends from; empty: it has no route to the Internet.
std::string OwnAddress() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr.s_addr = htonl(0xc0000201);  // 192.0.2.1: no packet is sent
  socklen_t size = sizeof(to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&to), &size) != 0) {
    return {};
  }
  const auto* const bytes = reinterpret_cast<const uint8_t*>(&to.sin_addr.s_addr);
  return IpAddress::V4(std::span<const uint8_t, 4>(bytes, 4)).ToString();
}

absl::StatusOr<std::string> EndpointFor(const AddArguments& arguments, const ConfigFile& config) {
  if (!config.listen_port.has_value() || *config.listen_port == 0) {
    return absl::FailedPreconditionError(
        "the file has no ListenPort, so that no client can know the port; add one");
  }
  if (EndpointName::Parse(arguments.endpoint).has_value()) return arguments.endpoint;
  std::string host = arguments.endpoint;
  if (host.empty()) {
    host = OwnAddress();
    if (host.empty()) {
      return absl::FailedPreconditionError(
          "this host has no address to name; give --endpoint HOST[:PORT]");
    }
    ReportWarning(fmt::format(
        "the client will look for this host at {}; if that is not its public address, give "
        "--endpoint HOST[:PORT]",
        host));
  }
  return fmt::format("{}:{}", host, *config.listen_port);
}

absl::Status CheckName(const std::string& name, const ConfigFile& config) {
  const bool printable =
      std::ranges::all_of(name, [](unsigned char c) { return c > 0x20 && c != 0x7f && c != '#'; });
  if (name.empty() || name.size() > 64 || !printable) {
    return absl::InvalidArgumentError("a peer's name has 1 to 64 characters without spaces and #");
  }
  if (std::ranges::find(config.peers, name, &PeerConfig::name) == config.peers.end()) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      fmt::format("there is a peer `{}` already; choose another name, or remove it first", name));
}

// The client's configuration, which the caller zeroes.
absl::StatusOr<std::string> Add(const AddArguments& arguments) {
  absl::Status status = arguments.qr ? CheckQrCode() : absl::OkStatus();
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(LoadedFile file, LoadFile(arguments.interface));
  const ConfigFile& config = file.source.config;
  status = CheckName(arguments.name, config);
  if (!status.ok()) return status;
  if (!config.private_key.has_value()) {
    return absl::FailedPreconditionError("the file has no PrivateKey; `ringwire genkey` makes one");
  }
  ASSIGN_OR_RETURN(std::vector<IpAddress> addresses, FreeAddresses(config));
  ASSIGN_OR_RETURN(std::string endpoint, EndpointFor(arguments, config));

  crypto::SystemRandom random;
  ClientFile client;
  client.private_key = crypto::GeneratePrivateKey(random);
  NewPeer peer;
  peer.name = arguments.name;
  peer.public_key = crypto::PublicFromPrivate(client.private_key);
  random.Fill(peer.preshared_key.bytes());
  peer.addresses = std::move(addresses);
  client.peer = &peer;
  client.gateway = &config;
  client.gateway_key = crypto::PublicFromPrivate(*config.private_key);
  client.endpoint = std::move(endpoint);
  client.full_tunnel = arguments.full_tunnel;
  SecretText changed;
  changed.text = WithPeer(file.text.text, peer);
  status = Replace(file, changed.text);
  if (!status.ok()) return status;
  return ClientText(client);
}

int AddPeer(const AddArguments& arguments) {
  absl::StatusOr<std::string> text = Add(arguments);
  if (!text.ok()) {
    return ReportError(fmt::format("cannot add `{}` to {}: {}", arguments.name, arguments.interface,
                                   MessageOf(text.status())));
  }
  SecretText client;
  client.text = *std::move(text);
  int exit_code = WriteOutput("the client's configuration", client.text);
  if (!arguments.qr || exit_code != kExitSuccess) return exit_code;
  absl::StatusOr<std::string> code = QrCode(client.text);
  if (!code.ok()) return ReportError(code.status());
  exit_code = WriteOutput("the QR code", "\n");  // apart from the text
  if (exit_code == kExitSuccess) exit_code = WriteOutput("the QR code", *code);
  crypto::Cleanse(code->data(), code->size());
  return exit_code;
}

absl::Status Remove(const RemoveArguments& arguments) {
  ASSIGN_OR_RETURN(LoadedFile file, LoadFile(arguments.interface));
  std::vector<uint32_t> lines;
  for (const PeerConfig& peer : file.source.config.peers) {
    if (peer.name == arguments.peer || KeyToBase64(peer.public_key) == arguments.peer) {
      lines.push_back(peer.position.line);
    }
  }
  if (lines.empty()) {
    return absl::NotFoundError(fmt::format("{} has no peer of that name or key", file.source.path));
  }
  SecretText changed;
  changed.text = WithoutPeers(file.text.text, lines);
  return Replace(file, changed.text);
}

int RemovePeer(const RemoveArguments& arguments) {
  const absl::Status status = Remove(arguments);
  if (status.ok()) return kExitSuccess;
  return ReportError(fmt::format("cannot remove `{}` from {}: {}", arguments.peer,
                                 arguments.interface, MessageOf(status)));
}

}  // namespace

Command AddAddPeerCommand(CLI::App* app) {
  auto arguments = std::make_shared<AddArguments>();
  CLI::App* const parser = app->add_subcommand(
      "add-peer", "Add a client to a configuration, live at once, and print its file");
  parser->add_option("CONFIG", arguments->interface, kConfigArgumentHelp)->required();
  parser->add_option("NAME", arguments->name, "The client's name")->required();
  parser->add_option("--endpoint", arguments->endpoint,
                     "Where the client finds this host: HOST or HOST:PORT");
  parser->add_flag("--full-tunnel", arguments->full_tunnel,
                   "The client sends everything through the tunnel");
  parser->add_flag("--qr", arguments->qr, "Print a QR code, too, for the apps on phones");
  return {parser, [arguments] { return AddPeer(*arguments); }};
}

Command AddRemovePeerCommand(CLI::App* app) {
  auto arguments = std::make_shared<RemoveArguments>();
  CLI::App* const parser =
      app->add_subcommand("remove-peer", "Remove a peer from a configuration, live at once");
  parser->add_option("CONFIG", arguments->interface, kConfigArgumentHelp)->required();
  parser->add_option("PEER", arguments->peer, "The peer's name or public key")->required();
  return {parser, [arguments] { return RemovePeer(*arguments); }};
}

}  // namespace ringwire::platform
