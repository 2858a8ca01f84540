#include "platform/caller/caller_process.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <variant>

#include "core/enrol/pushed_config.h"
#include "platform/tls/key_exchange.h"
#include "tests/unit/platform/portal/portal_fixture.h"

namespace ringwire::platform {
namespace {

// A caller in a process of its own, confined as in the product, with a real portal at the other
// end. The test is the supervisor of both, and the portal's registrar.
class CallerProcessTest : public PortalFixture {
 protected:
  CallerProcessTest() {
    auto ends = MakeMessageSockets().value();
    caller_end_ = SupervisorEndToCaller(std::move(ends.first));
    const pid_t parent = ::getpid();
    caller_ = ::fork();
    if (caller_ == 0) {
      caller_end_.Close();
      supervisor_.Close();
      ::_exit(RunCaller(std::move(ends.second), parent));
    }
    decide_ = [this](const auto& message) {
      asked_ = message;
      enrol::Verdict verdict;
      verdict.id = std::visit([](const auto& kind) { return kind.id; }, message);
      verdict.code = code_;
      verdict.given = PortalFixtureLease();
      return verdict;
    };
  }
  ~CallerProcessTest() override { EXPECT_EQ(EndCaller(), 0); }

  int EndCaller() {
    if (caller_ <= 0) return 0;
    caller_end_.Close();
    int status = 0;
    ::waitpid(caller_, &status, 0);
    caller_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void GiveCallerSettings(const std::string& name = "vpn.example.net") {
    const enrol::CallerSettings settings{.name = name,
                                         .host = "vpn.example.net",
                                         .anchors = ca_.CertificatePem(),
                                         .pin = std::nullopt,
                                         .post_quantum = PostQuantum::kAuto};
    const UniqueFd memory = MakeSealedMemory(enrol::EncodeFile(settings).view()).value();
    const int descriptor = memory.get();
    EXPECT_TRUE(caller_end_.Send(enrol::NewCallerSettings{}, {&descriptor, 1}).ok());
  }

  // The answer to a call, with the settings that came with it.
  struct Answer {
    std::optional<enrol::CallDone> done;
    std::optional<enrol::CallFailed> failed;
    std::optional<enrol::PushedConfig> pushed;
  };
  Answer Call(const enrol::SupervisorToCaller& call) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = port_;
    ::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to));
    const int descriptor = socket.get();
    EXPECT_TRUE(caller_end_.Send(call, {&descriptor, 1}).ok());
    Answer answer;
    for (int i = 0; i < 6000; ++i) {
      Serve();
      pollfd wait{caller_end_.fd(), POLLIN, 0};
      if (::poll(&wait, 1, 10) == 0) continue;
      auto packet = caller_end_.TryReceive();
      if (!packet.ok() || !packet->has_value()) break;
      if (const auto* const failed = std::get_if<enrol::CallFailed>(&(*packet)->message)) {
        answer.failed = *failed;
        return answer;
      }
      answer.done = std::get<enrol::CallDone>((*packet)->message);
      if (!(*packet)->descriptors.empty()) {
        const auto bytes = ReadSealedMemory((*packet)->descriptors.front().get());
        answer.pushed = enrol::DecodeFile<enrol::PushedConfig>(bytes->view());
      }
      return answer;
    }
    ADD_FAILURE() << "the caller does not answer";
    return answer;
  }
  static enrol::LoginCall Login() {
    return {7, 60, {1}, "laptop", "alice", enrol::SecretBytes("secret")};
  }

  pid_t caller_ = -1;
  SupervisorEndToCaller caller_end_;
  enrol::VerdictCode code_ = enrol::VerdictCode::kGranted;
  std::optional<enrol::PortalToRegistrar> asked_;
};

TEST_F(CallerProcessTest, LogsInAndBringsKeyAndSettings) {
  Start();
  GiveCallerSettings();
  const Answer answer = Call(Login());
  ASSERT_TRUE(answer.done.has_value());
  EXPECT_EQ(answer.done->id, 7u);
  EXPECT_TRUE(answer.done->token == PortalFixtureLease().token);
  EXPECT_EQ(answer.done->expires_in_s, 3600u);
  EXPECT_TRUE(IsHybridKeyExchange(answer.done->key_exchange));
  EXPECT_TRUE(answer.done->preshared_key == std::get<enrol::Login>(*asked_).preshared_key);
  ASSERT_TRUE(answer.pushed.has_value());
  EXPECT_EQ(answer.pushed->settings.routes, settings_.pushed.routes);
  EXPECT_EQ(answer.pushed->gateway_key, crypto::PublicKey{7});
}

TEST_F(CallerProcessTest, RenewsAndEnds) {
  Start();
  GiveCallerSettings();
  const Answer same = Call(enrol::RenewalCall{8, 60, PortalFixtureLease().token, 3, {}, {7}});
  ASSERT_TRUE(same.done.has_value());
  EXPECT_FALSE(same.pushed.has_value());
  EXPECT_FALSE(same.done->preshared_key.has_value());
  const Answer rekeyed =
      Call(enrol::RenewalCall{9, 60, PortalFixtureLease().token, 2, crypto::PublicKey{1}, {7}});
  ASSERT_TRUE(rekeyed.done.has_value());
  EXPECT_TRUE(rekeyed.pushed.has_value());
  EXPECT_TRUE(rekeyed.done->preshared_key == std::get<enrol::Renew>(*asked_).preshared_key);
  EXPECT_TRUE(Call(enrol::EndCall{10, 60, PortalFixtureLease().token}).done.has_value());
}

TEST_F(CallerProcessTest, EachFailureHasItsExitCode) {
  Start();
  EXPECT_EQ(Call(Login()).failed->exit_code, 1) << "without settings";
  GiveCallerSettings();
  code_ = enrol::VerdictCode::kCredentials;
  EXPECT_EQ(Call(Login()).failed->exit_code, 3);
  code_ = enrol::VerdictCode::kEnded;
  const Answer ended = Call(enrol::RenewalCall{8, 60, {}, 3, {}, {7}});
  EXPECT_EQ(ended.failed->exit_code, 5);
  EXPECT_NE(ended.failed->reason, enrol::EndReason::kNone);
  asked_.reset();
  settings_.server_names.push_back("other.example");
  ASSERT_EQ(GiveSettings(), "");
  GiveCallerSettings("other.example");
  const Answer wrong = Call(Login());
  EXPECT_EQ(wrong.failed->exit_code, 4);
  EXPECT_EQ(wrong.failed->text, "its certificate is for vpn.example.net; nothing was sent");
  EXPECT_FALSE(asked_.has_value());
}

TEST_F(CallerProcessTest, HasNoRightLeft) {
  Start();
  GiveCallerSettings();
  ASSERT_TRUE(Call(Login()).done.has_value());
  std::ifstream file("/proc/" + std::to_string(caller_) + "/status");
  std::string status((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(status.find("CapEff:\t0000000000000000\n"), std::string::npos);
  EXPECT_NE(status.find("NoNewPrivs:\t1\n"), std::string::npos);
  EXPECT_NE(status.find("Seccomp:\t2\n"), std::string::npos);
}

TEST_F(CallerProcessTest, EndsWithItsSupervisor) { EXPECT_EQ(EndCaller(), 0); }

}  // namespace
}  // namespace ringwire::platform
