#include "platform/caller/lease_calls.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "tests/unit/platform/portal/portal_fixture.h"

// The client against a real portal; the test is the portal's registrar.
namespace ringwire::platform {
namespace {

using enrol::VerdictCode;

class LeaseCallsTest : public PortalFixture {
 protected:
  LeaseCallsTest() { settings_.revision = 4; }

  // Runs `call` in a process of its own, while this one serves the portal; returns its text.
  std::string InClient(const std::function<std::string()>& call) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string text = call();
      [[maybe_unused]] const ssize_t size = ::write(ends[1], text.data(), text.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    const UniqueFd from_child(ends[0]);
    std::string text;
    for (int i = 0; i < 6000; ++i) {
      pollfd wait{from_child.get(), POLLIN, 0};
      if (::poll(&wait, 1, 10) == 0) {
        Serve();
        continue;
      }
      char chunk[4096];
      const ssize_t size = ::read(from_child.get(), chunk, sizeof(chunk));
      if (size <= 0) break;
      text.append(chunk, static_cast<size_t>(size));
    }
    ::waitpid(child, nullptr, 0);
    return text;
  }

  absl::StatusOr<CallerSession> Open(const std::string& name = "vpn.example.net",
                                     absl::Duration patience = absl::Minutes(1)) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = port_;
    ::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to));
    const auto context =
        TlsContext::ForClient({{name, TrustAnchors::FromPem(ca_.CertificatePem()).value(), {}}});
    return CallerSession::Open(std::move(socket), *context, "vpn.example.net:443",
                               BootNow() + patience);
  }

  // "exit code: message", or what the lease has.
  std::string Outcome(const absl::StatusOr<CalledLease>& called) {
    if (!called.ok()) {
      return fmt::format("{}: {}", ExitCodeOf(called.status()),
                         std::string(called.status().message()));
    }
    return fmt::format(
        "{} {}", called->lease.expires_in_s,
        called->preshared_key.has_value() ? KeyToBase64(called->preshared_key->bytes()) : "no key");
  }
  std::string LogIn() {
    return InClient([this] {
      auto session = Open();
      if (!session.ok()) return Outcome(session.status());
      return Outcome(CallLogin(&*session, {{1}, "laptop", "alice", enrol::SecretBytes("secret")},
                               BootNow() + absl::Minutes(1)));
    });
  }
  std::string Renew(std::optional<crypto::PublicKey> rekey) {
    return InClient([this, rekey] {
      auto session = Open();
      if (!session.ok()) return Outcome(session.status());
      return Outcome(CallRenewal(&*session, {PortalFixtureLease().token, 4, rekey}, {7},
                                 BootNow() + absl::Minutes(1)));
    });
  }
  void DecideBy(VerdictCode code, enrol::EndReason reason = enrol::EndReason::kNone) {
    decide_ = [this, code, reason](const auto& message) {
      enrol::Verdict verdict;
      verdict.id = std::visit([](const auto& kind) { return kind.id; }, message);
      verdict.code = code;
      verdict.reason = reason;
      verdict.retry_after_s = 42;
      if (code == VerdictCode::kGranted) verdict.given = PortalFixtureLease();
      if (const auto* const login = std::get_if<enrol::Login>(&message)) {
        seen_key_ = KeyToBase64(login->preshared_key.bytes());
      } else if (const auto* const renew = std::get_if<enrol::Renew>(&message)) {
        seen_key_ = renew->preshared_key.has_value() ? KeyToBase64(renew->preshared_key->bytes())
                                                     : "no key";
      }
      return verdict;
    };
  }

  std::string seen_key_;  // that the registrar was given
};

TEST_F(LeaseCallsTest, BothEndsHaveTheSamePresharedKey) {
  Start();
  DecideBy(VerdictCode::kGranted);
  const std::string outcome = LogIn();
  EXPECT_EQ(outcome, "3600 " + seen_key_);
  const std::string first = seen_key_;
  EXPECT_EQ(Renew(crypto::PublicKey{1}), "3600 " + seen_key_);
  EXPECT_NE(seen_key_, first);
  EXPECT_EQ(Renew(std::nullopt), "3600 no key");
  EXPECT_EQ(seen_key_, "no key");
}

TEST_F(LeaseCallsTest, EachRefusalHasItsTextAndExitCode) {
  Start();
  DecideBy(VerdictCode::kCredentials);
  EXPECT_EQ(LogIn(), "3: name, password or code is wrong, or the account is not in use");
  DecideBy(VerdictCode::kTooMany);
  EXPECT_EQ(LogIn(), "3: too many tries; again in 42 s");
  DecideBy(VerdictCode::kFull);
  EXPECT_EQ(LogIn(), "1: the gateway has no free address");
  DecideBy(VerdictCode::kEnded, enrol::EndReason::kRevoked);
  EXPECT_EQ(Renew(std::nullopt), "5: access was ended by the gateway (revoked)");
  DecideBy(VerdictCode::kEnded, enrol::EndReason::kReplaced);
  EXPECT_EQ(Renew(std::nullopt), "5: access was ended by the gateway (replaced)");
}

TEST_F(LeaseCallsTest, TheWrongServerIsAskedNothing) {
  settings_.server_names = {"vpn.example.net", "other.example"};
  Start();
  bool asked = false;
  decide_ = [&asked](const auto&) {
    asked = true;
    return std::nullopt;
  };
  EXPECT_EQ(InClient([this] { return Outcome(Open("other.example").status()); }),
            "4: its certificate is for vpn.example.net; nothing was sent");
  EXPECT_FALSE(asked);
}

TEST_F(LeaseCallsTest, NoAnswerIsNoConnection) {
  EXPECT_TRUE(InClient([this] { return Outcome(Open().status()); }).starts_with("1: no answer ("));
}

TEST_F(LeaseCallsTest, AServerThatSaysNothingIsGivenUp) {
  ASSERT_EQ(GiveSettings(), "");  // and no registrar, which would sign
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&name), &size);
  port_ = name.sin_port;
  EXPECT_EQ(InClient([this] {
              return Outcome(Open("vpn.example.net", absl::Milliseconds(50)).status());
            }),
            "1: no answer (time is over)");
}

}  // namespace
}  // namespace ringwire::platform
