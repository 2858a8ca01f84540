#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_FIXTURE_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/enrol/message_files.h"
#include "platform/enrol/message_channel.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/portal/portal_process.h"
#include "platform/tls/signing_key.h"
#include "tests/unit/platform/portal/portal_client.h"
#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {

// The lease that the test's registrar gives.
inline enrol::GivenLease PortalFixtureLease() {
  enrol::GivenLease given;
  given.token.bytes()[0] = 5;
  given.addresses = {*IpAddress::Parse("10.77.0.5")};
  given.expires_in_s = 3600;
  given.session_ends_in_s = 86400;
  return given;
}

// A portal in a process of its own, confined as in the product. The test is its supervisor and its
// registrar, and speaks their messages.
class PortalFixture : public testing::Test {
 protected:
  using Decide = std::function<std::optional<enrol::Verdict>(const enrol::PortalToRegistrar&)>;

  PortalFixture() {
    auto ends = MakeMessageSockets().value();
    supervisor_ = SupervisorEndToPortal(std::move(ends.first));
    const pid_t parent = ::getpid();
    portal_ = ::fork();
    if (portal_ == 0) {
      supervisor_.Close();
      ::_exit(RunPortal(std::move(ends.second), parent));
    }
    settings_.server_names = {"vpn.example.net"};
    settings_.certificate = 1;
    settings_.chain = identity_.CertificatePem();
    settings_.gateway_key = {7};
    settings_.revision = 3;
    settings_.pushed.endpoints = {"vpn.example.net:51820"};
    settings_.pushed.routes = {*Prefix::Parse("10.77.0.0/16")};
    settings_.pushed.mtu = 1420;
  }
  ~PortalFixture() override { EXPECT_EQ(EndPortal(), 0); }

  // Closes its channel; its exit code.
  int EndPortal() {
    if (portal_ <= 0) return 0;
    supervisor_.Close();
    int status = 0;
    ::waitpid(portal_, &status, 0);
    portal_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // Sends the settings with a new listener; returns the portal's error.
  std::string GiveSettings() {
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    ::bind(listener.get(), reinterpret_cast<sockaddr*>(&name), size);
    ::listen(listener.get(), 64);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port_ = name.sin_port;
    const UniqueFd memory = MakeSealedMemory(enrol::EncodeFile(settings_).view()).value();
    const int descriptors[] = {memory.get(), listener.get()};
    EXPECT_TRUE(supervisor_.Send(enrol::NewPortalSettings{}, descriptors).ok());
    return AwaitApplied();
  }
  std::string AwaitApplied() {
    pollfd wait{supervisor_.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 60'000), 1);
    const auto packet = supervisor_.TryReceive();
    if (!packet.ok() || !packet->has_value()) return "the portal is gone";
    return std::get<enrol::Applied>((*packet)->message).error;
  }
  void GiveRegistrar() {
    auto ends = MakeMessageSockets().value();
    registrar_ = RegistrarEndToPortal(std::move(ends.first));
    const int end = ends.second.get();
    EXPECT_TRUE(supervisor_.Send(enrol::NewRegistrar{}, {&end, 1}).ok());
  }
  void Start() {
    ASSERT_EQ(GiveSettings(), "");
    GiveRegistrar();
  }

  // Answers what the portal asks its registrar.
  void Serve() {
    while (registrar_.open()) {
      const auto packet = registrar_.TryReceive();
      if (!packet.ok() || !packet->has_value()) return;
      const enrol::PortalToRegistrar& message = (*packet)->message;
      if (const auto* const sign = std::get_if<enrol::Sign>(&message)) {
        Sign(*sign);
        continue;
      }
      const auto verdict = decide_(message);
      if (verdict.has_value()) EXPECT_TRUE(registrar_.Send(*verdict).ok());
    }
  }
  void Sign(const enrol::Sign& sign) {
    EXPECT_EQ(sign.certificate, settings_.certificate);
    const auto* const input = reinterpret_cast<const uint8_t*>(sign.input.data());
    const auto signature = key_.SignServerHandshake(sign.algorithm, {input, sign.input.size()});
    ASSERT_TRUE(signature.ok()) << signature.status();
    EXPECT_TRUE(
        registrar_.Send(enrol::Signature{sign.id, {signature->begin(), signature->end()}}).ok());
  }

  std::unique_ptr<PortalClient> Connect(PostQuantum post_quantum = PostQuantum::kAuto,
                                        const std::string& name = "vpn.example.net") {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = port_;
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    auto session = TlsSession::Make(
        TlsContext::ForClient(
            {{name, TrustAnchors::FromPem(ca_.CertificatePem()).value(), {}}, post_quantum})
            .value(),
        kTestNow);
    return std::make_unique<PortalClient>(std::move(socket), *std::move(session),
                                          [this] { Serve(); });
  }
  std::unique_ptr<PortalClient> Shaken() {
    auto client = Connect();
    EXPECT_TRUE(client->Shake()) << client->session().failure();
    return client;
  }

  const TestIdentity ca_ = MakeCa("Example CA");
  const TestIdentity identity_ =
      MakeIdentity({.not_before = kLongAgo, .not_after = kFarFuture}, &ca_);
  const SigningKey key_ = SigningKey::FromPem(identity_.KeyPem()).value();
  enrol::PortalSettings settings_;
  pid_t portal_ = -1;
  SupervisorEndToPortal supervisor_;
  RegistrarEndToPortal registrar_;
  in_port_t port_ = 0;  // network byte order
  Decide decide_ = [](const auto&) { return std::nullopt; };
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_FIXTURE_H_
