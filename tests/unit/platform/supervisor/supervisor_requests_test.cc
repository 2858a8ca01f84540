#include <poll.h>

#include "core/device/key_text.h"
#include "tests/unit/platform/supervisor/supervisor_fixture.h"

namespace ringwire::platform {
namespace {

class SupervisorRequestsTest : public SupervisorTest {
 protected:
  // Serves as while a hook runs, until `done`.
  static void ServeUntil(const Meanwhile& meanwhile, const std::function<bool()>& done) {
    const Instant end = BootNow() + absl::Minutes(1);
    while (!done()) {
      ASSERT_LT(BootNow(), end);
      pollfd wait{meanwhile.fd, POLLIN, 0};
      if (::poll(&wait, 1, 100) == 1) meanwhile.serve();
    }
  }
};

TEST_F(SupervisorRequestsTest, ForgetIsAskedOfTheRelay) {
  MakeStarted();
  const UniqueFd client = Ask(std::string("forget ") + kTestPeer);
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_EQ(AnswerOn(client), "{\"ok\":true}\n");
  EXPECT_TRUE(calls_.Has("forget"));
}

TEST_F(SupervisorRequestsTest, ARefusalOfTheRelayIsTheAnswer) {
  MakeStarted();
  calls_.then["forget"] = [this] { calls_.fail_at = calls_.made.size(); };
  const UniqueFd client = Ask(std::string("forget ") + kTestPeer);
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_EQ(AnswerOn(client), "{\"error\":\"told to fail at forget\"}\n");
}

TEST_F(SupervisorRequestsTest, SaveWritesTheStateOfTheDevice) {
  MakeStarted();
  relay_->set_state(ConfigText("ListenPort = 4242", "192.0.2.1:51820"));
  const UniqueFd client = Ask("save");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_TRUE(AnswerOn(client).starts_with("{\"ok\":true"));
  EXPECT_EQ(LoadConfigToRun(path(), KeyFiles::kRead).config.listen_port, 4242);
}

TEST_F(SupervisorRequestsTest, ASaveThatFailsChangesNoFileAndSaysWhy) {
  MakeStarted();
  calls_.then["state"] = [this] { calls_.fail_at = calls_.made.size(); };
  const UniqueFd client = Ask("save");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_EQ(AnswerOn(client),
            fmt::format("{{\"error\":\"save to {}: told to fail at state\"}}\n", path()));
}

TEST_F(SupervisorRequestsTest, UpgradeReplacesTheRelayAndNothingElse) {
  MakeStarted();
  relay_->set_state(ConfigText("ListenPort = 4242", "198.51.100.9:1"));
  calls_.made.clear();
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_EQ(AnswerOn(client), "{\"ok\":true}\n");
  const std::vector<std::string> calls(calls_.made.begin(), calls_.made.begin() + 2);
  EXPECT_EQ(calls, (std::vector<std::string>{"upgrade", "serve"}));
  EXPECT_NE(relay_->configured().find("listen_port=4242"), std::string::npos);
  EXPECT_NE(relay_->configured().find("endpoint=198.51.100.9:1"), std::string::npos)
      << "where the peer is now, not where the file says";
}

TEST_F(SupervisorRequestsTest, AnUpgradeThatFailsSaysWhyAndTheTunnelRuns) {
  MakeStarted();
  calls_.then["upgrade"] = [this] { calls_.fail_at = calls_.made.size(); };
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_EQ(AnswerOn(client), "{\"error\":\"told to fail at upgrade\"}\n");
  EXPECT_TRUE(calls_.HaveOrder({"upgrade", "drain", "undo"})) << "until the signal";
  EXPECT_EQ(calls_.Count("serve"), 1U);
}

TEST_F(SupervisorRequestsTest, ANewProgramThatFailsSoonIsReplacedByThePreviousOne) {
  MakeStarted();
  relay_->set_state(ConfigText("", "192.0.2.1:51820"));
  calls_.then["serve"] = [this] {
    if (calls_.Count("serve") == 2) relay_->End(/*well=*/false, "it was ended by signal 11");
  };
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(RunUntil([&] { return calls_.Count("serve") == 3; }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"upgrade", "serve", "go back", "serve", "drain", "undo"}));
}

TEST_F(SupervisorRequestsTest, APreviousProgramThatCannotComeBackEndsTheService) {
  MakeStarted();
  relay_->set_state(ConfigText("", "192.0.2.1:51820"));
  calls_.then["serve"] = [this] {
    if (calls_.Count("serve") == 2) relay_->End(/*well=*/false, "it was ended by signal 11");
  };
  calls_.then["go back"] = [this] { calls_.fail_at = calls_.made.size(); };
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(absl::IsAborted(supervisor_->Run()));
  EXPECT_TRUE(calls_.HaveOrder({"go back", "reap", "keep closed", "close"}));
}

TEST_F(SupervisorRequestsTest, AProgramThatHasPassedItsProbationIsNotReplaced) {
  MakeStarted();
  relay_->set_state(ConfigText("", "192.0.2.1:51820"));
  relay_->set_probation(absl::ZeroDuration());
  calls_.then["end probation"] = [this] { relay_->End(/*well=*/false, "out of memory"); };
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(absl::IsAborted(supervisor_->Run()));
  EXPECT_FALSE(calls_.Has("go back"));
}

TEST_F(SupervisorRequestsTest, ABridgeFollowsThePeersOfTheNewRelay) {
  Write("Address = 10.77.0.1/24\n[Gateway]\nBridge = br0");
  MakeStarted();
  relay_->set_state(ConfigText("", "192.0.2.1:51820"));
  calls_.made.clear();
  const UniqueFd client = Ask("upgrade");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"upgrade", "hosts", "serve"}));
}

TEST_F(SupervisorRequestsTest, NoUpgradeWhileAHookRuns) {
  Supervisor& supervisor = Make();
  std::optional<UniqueFd> upgrade;
  tunnel_->set_run_hook([&](const Meanwhile& meanwhile) {
    upgrade.emplace(Ask("upgrade"));
    ServeUntil(meanwhile, [&] { return !AnswerOn(*upgrade).empty(); });
  });
  ASSERT_TRUE(supervisor.Start().ok());
  EXPECT_EQ(AnswerOn(*upgrade),
            "{\"error\":\"a hook is running, nothing was changed; upgrade again when it has "
            "finished\"}\n");
  EXPECT_FALSE(calls_.Has("upgrade"));
}

TEST_F(SupervisorRequestsTest, AHookIsServedWhatItAsksFor) {
  Supervisor& supervisor = Make();
  std::optional<UniqueFd> save;
  std::optional<UniqueFd> reload;
  tunnel_->set_run_hook([&](const Meanwhile& meanwhile) {
    relay_->set_state(ConfigText("", "192.0.2.1:51820"));
    save.emplace(Ask("save"));
    reload.emplace(Ask("reload"));
    ServeUntil(meanwhile, [&] { return !AnswerOn(*save).empty() && !AnswerOn(*reload).empty(); });
  });
  ASSERT_TRUE(supervisor.Start().ok());
  EXPECT_TRUE(AnswerOn(*save).starts_with("{\"ok\":true"));
  EXPECT_EQ(AnswerOn(*reload),
            "{\"error\":\"a hook is running, nothing was changed; reload again when it has "
            "finished\"}\n");
  EXPECT_FALSE(calls_.Has("plan"));
}

TEST_F(SupervisorRequestsTest, ARelayThatDiesDuringAHookEndsTheServiceAfterIt) {
  Supervisor& supervisor = Make();
  tunnel_->set_run_hook([&](const Meanwhile& meanwhile) {
    relay_->End(/*well=*/false, "it was ended by signal 9");
    ServeUntil(meanwhile, [&] { return calls_.Has("hang up"); });
    EXPECT_TRUE(relay_->IsRunning()) << "it is reaped when the hook has ended";
  });
  ASSERT_TRUE(supervisor.Start().ok());
  relay_->End(/*well=*/false, "it was ended by signal 9");
  EXPECT_TRUE(absl::IsAborted(supervisor.Run()));
  EXPECT_TRUE(calls_.HaveOrder({"hang up", "reap", "keep closed"}));
}

TEST_F(SupervisorRequestsTest, WithoutAFolderForItsSocketTheTunnelRuns) {
  Make();
  std::filesystem::remove_all(folder_);
  std::ofstream{folder_} << "in the way";
  EXPECT_TRUE(supervisor_->Start().ok());
  EXPECT_TRUE(tunnel_->is_up());
}

}  // namespace
}  // namespace ringwire::platform
