#include "platform/app/join_network.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/config/connect_config.h"
#include "core/enrol/limits.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/app/password_prompt.h"
#include "platform/base/paths.h"
#include "platform/base/read_file.h"
#include "platform/connect/connect_failure.h"
#include "platform/connect/connect_files.h"
#include "platform/connect/enrolment.h"
#include "platform/control/stamp_files.h"
#include "platform/gateway/host/journal.h"
#include "platform/names/name_cache.h"
#include "platform/names/resolver_client.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

// Where systems keep the CAs that they trust: Debian and Arch, Fedora, openSUSE, Alpine.
constexpr std::array kSystemCas = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                   "/etc/ssl/cert.pem"};

absl::StatusOr<std::string> ReadAnchors(const ConnectConfig& connect, const std::string& path) {
  if (!connect.ca.empty()) return ReadFile(PathBeside(path, connect.ca));
  if (connect.pin.has_value()) return std::string();
  for (const char* const file : kSystemCas) {
    absl::StatusOr<std::string> text = ReadFile(file);
    if (text.ok() || !absl::IsNotFound(text.status())) return text;
  }
  return absl::NotFoundError(
      "this system has no list of CAs; install ca-certificates, or set CA or Pin");
}

absl::StatusOr<enrol::CallerSettings> CallerSettingsOf(const ConnectConfig& connect,
                                                       const std::string& path) {
  ASSIGN_OR_RETURN(std::string anchors, ReadAnchors(connect, path));
  const bool is_v6 = connect.server.host.find(':') != std::string::npos;
  std::string host = connect.server.ToString();
  if (connect.server.port == kEnrolPort) {
    host = is_v6 ? fmt::format("[{}]", connect.server.host) : connect.server.host;
  }
  return enrol::CallerSettings{.name = connect.server.host,
                               .host = std::move(host),
                               .anchors = std::move(anchors),
                               .pin = connect.pin,
                               .post_quantum = connect.post_quantum};
}

// The mark that a killed predecessor's kill switch lets out; 0: there is none.
uint32_t MarkOfPredecessor(const std::string& interface) {
  const absl::StatusOr<Journal> journal = Journal::Copy(kStatusDirectory, interface);
  return journal.ok() ? journal->reservation().mark : 0;
}

absl::StatusOr<std::vector<SocketAddress>> ServersOf(const EndpointName& server, uint32_t mark) {
  ResolverClient resolver;
  NameCache names([&resolver](const NameQuestion& question) { return resolver.LookUp(question); });
  names.SetRules({.mark = mark, .servers = {}});
  absl::StatusOr<std::vector<SocketAddress>> found = names.LookUp(server.host);
  if (!found.ok()) {
    return absl::UnavailableError(
        fmt::format("cannot find its address: {}", MessageOf(found.status())));
  }
  for (SocketAddress& address : *found) address.port = server.port;
  return found;
}

// What the gateway's list calls this device.
std::string DeviceOf(const ConnectConfig& connect) {
  if (!connect.device.empty()) return connect.device;
  std::array<char, enrol::kDeviceBytesMax + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "device";
  std::string device = name.data();
  std::ranges::replace_if(device, [](char c) { return c < ' ' || c > '~'; }, '?');
  return device;
}

std::string PasswordFileOf(const ConnectConfig& connect, const std::string& path) {
  if (connect.password_file.empty() || connect.password_file == "-") return connect.password_file;
  return PathBeside(path, connect.password_file);
}

absl::StatusOr<Credentials> AskFor(const ConnectConfig& connect, const std::string& password_file) {
  Credentials credentials{connect.user, {}};
  if (credentials.user.empty()) {
    if (::isatty(STDIN_FILENO) != 1) {
      return absl::FailedPreconditionError(
          "cannot ask for a name: standard input is no terminal; set User");
    }
    fmt::print(stderr, "User: ");
    std::getline(std::cin, credentials.user);
  }
  ASSIGN_OR_RETURN(credentials.password, AskForPassword(password_file, /*twice=*/false));
  return credentials;
}

absl::StatusOr<std::unique_ptr<LeaseKeeper>> Join(ConfigSource* source) {
  const ConnectConfig connect = *source->config.connect;
  const ConnectFiles files(StateDirectory(), connect.server);
  crypto::SystemRandom random;
  if (!source->config.private_key.has_value()) {
    ASSIGN_OR_RETURN(source->config.private_key, files.LoadOrMakeKey(random));
  }
  ASSIGN_OR_RETURN(const enrol::CallerSettings caller, CallerSettingsOf(connect, source->path));
  const std::string password_file = PasswordFileOf(connect, source->path);
  EnrolmentRequest request;
  request.mark = MarkOfPredecessor(source->interface_name);
  ASSIGN_OR_RETURN(request.servers, ServersOf(connect.server, request.mark));
  request.public_key = crypto::PublicFromPrivate(*source->config.private_key);
  request.device = DeviceOf(connect);
  request.user = connect.user;
  request.ask = [&] { return AskFor(connect, password_file); };
  CallerClient client(caller);
  ASSIGN_OR_RETURN(HeldLease lease, Enrol(request, files, &client));
  // What came from standard input cannot be read again.
  auto keeper = std::make_unique<LeaseKeeper>(
      LeaseKeeper::Parts{.interface = source->interface_name,
                         .own = source->config,
                         .lease = std::move(lease),
                         .files = files,
                         .caller = caller,
                         .device = request.device,
                         .password_file = password_file == "-" ? "" : password_file});
  ASSIGN_OR_RETURN(source->config, keeper->Complete(keeper->own(), &source->warnings));
  return keeper;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LeaseKeeper>> JoinNetwork(ConfigSource* source) {
  const EndpointName server = source->config.connect->server;
  absl::StatusOr<std::unique_ptr<LeaseKeeper>> joined = Join(source);
  if (joined.ok()) return joined;
  return ToConnectTo(server, joined.status());
}

}  // namespace ringwire::platform
