#include "platform/supervisor/supervisor.h"

#include "tests/unit/platform/supervisor/supervisor_fixture.h"

namespace ringwire::platform {
namespace {

TEST_F(SupervisorTest, ForksTheRelayBeforeItTouchesTheHostAndServesAtTheEnd) {
  MakeStarted();
  const std::vector<std::string> expected = {"open",       "prepare", "fork",  "allow 0 0x0",
                                             "choose mtu", "up",      "start", "serve"};
  EXPECT_EQ(calls_.made, expected);
  EXPECT_TRUE(tunnel_->is_up());
  EXPECT_EQ(relay_->started_with(), std::vector<std::string>{"192.0.2.1:51820"});
  EXPECT_FALSE(tunnel_->in_force().config.private_key.has_value()) << "only the relay needs keys";
}

TEST_F(SupervisorTest, AFailureAtAnyStepOfTheStartLeavesNothing) {
  MakeStarted();
  const size_t steps = calls_.made.size();
  for (size_t step = 1; step <= steps; ++step) {
    Supervisor& supervisor = Make();
    calls_.fail_at = step;
    const absl::StatusOr<bool> started = supervisor.Start();
    const std::string failed = calls_.made[step - 1];
    if (failed.starts_with("allow") || failed == "choose mtu") {
      EXPECT_TRUE(started.ok()) << failed << " cannot fail";
      continue;
    }
    EXPECT_FALSE(started.ok()) << failed;
    EXPECT_FALSE(relay_->IsRunning()) << failed;
    EXPECT_FALSE(tunnel_->is_up()) << failed;
    EXPECT_EQ(calls_.made.back(), "close") << failed;
  }
}

TEST_F(SupervisorTest, TheErrorOfAStartSaysWhatFailed) {
  calls_.fail_at = 7;
  const absl::Status status = Make().Start().status();
  EXPECT_EQ(status.message(), "cannot start the relay process: told to fail at start");
}

TEST_F(SupervisorTest, ASignalEndsTheStartThatWaitsForNames) {
  Write("", "gateway.example:51820");
  const auto hold = std::make_shared<EventFd>();
  ask_ = [hold](const NameQuestion&) {
    hold->Wait(60'000);
    return absl::NotFoundError("no such name");
  };
  Supervisor& supervisor = Make();
  ::raise(SIGTERM);
  const absl::StatusOr<bool> started = supervisor.Start();
  hold->Raise();
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_FALSE(*started);
  EXPECT_FALSE(calls_.Has("up"));
  EXPECT_FALSE(relay_->IsRunning());
}

TEST_F(SupervisorTest, ANameWithoutAnAddressDoesNotKeepTheTunnelDown) {
  Write("", "gateway.example:51820");
  MakeStarted();
  EXPECT_TRUE(relay_->started_with().empty());
}

TEST_F(SupervisorTest, AddressesOfNamesReachTheRelay) {
  Write("", "gateway.example:51820");
  ask_ = [](const NameQuestion&) {
    return std::vector<SocketAddress>{*NumericAddress("192.0.2.7")};
  };
  MakeStarted();
  EXPECT_EQ(relay_->started_with(), std::vector<std::string>{"192.0.2.7:51820"});
}

TEST_F(SupervisorTest, ANameThatIsFoundLaterMovesItsPeer) {
  Write("", "gateway.example:51820");
  const auto found = std::make_shared<EventFd>();
  ask_ = [found](const NameQuestion&) -> absl::StatusOr<std::vector<SocketAddress>> {
    pollfd wait{found->get(), POLLIN, 0};
    if (::poll(&wait, 1, 0) == 0) return absl::NotFoundError("no such name");
    return std::vector<SocketAddress>{*NumericAddress("192.0.2.7")};
  };
  MakeStarted();
  found->Raise();
  EXPECT_TRUE(RunUntil([this] {
                relay_->ReportUnanswered({&tunnel_->in_force().config.peers[0].public_key, 1});
                return calls_.Has("move");
              }).ok());
}

TEST_F(SupervisorTest, EndsOnASignalAndUndoesEverything) {
  MakeStarted();
  EXPECT_TRUE(RunUntil([] { return true; }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"drain", "undo", "reap", "close"}));
  EXPECT_FALSE(tunnel_->is_up());
}

TEST_F(SupervisorTest, ASignalDoesNotLiftAKillSwitch) {
  std::ofstream(path()) << ConfigText("", "192.0.2.1:51820") << "[Gateway]\nKillSwitch = on\n";
  MakeStarted();
  EXPECT_TRUE(RunUntil([] { return true; }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"undo all but blocks", "reap", "close"}));
  EXPECT_FALSE(calls_.Has("undo"));
}

TEST_F(SupervisorTest, DownDoes) {
  std::ofstream(path()) << ConfigText("", "192.0.2.1:51820") << "[Gateway]\nKillSwitch = on\n";
  MakeStarted();
  {
    const absl::StatusOr<DownWatch> gave_up = DownWatch::Open("rwtest0");
  }
  const absl::StatusOr<DownWatch> down = DownWatch::Open("rwtest0");
  ASSERT_TRUE(down.ok()) << down.status();
  EXPECT_TRUE(RunUntil([] { return true; }).ok());
  EXPECT_TRUE(calls_.Has("undo"));
}

TEST_F(SupervisorTest, ADownThatHasGivenUpDoesNotLiftItLater) {
  std::ofstream(path()) << ConfigText("", "192.0.2.1:51820") << "[Gateway]\nKillSwitch = on\n";
  MakeStarted();
  {
    const absl::StatusOr<DownWatch> gave_up = DownWatch::Open("rwtest0");
  }
  EXPECT_TRUE(RunUntil([] { return true; }).ok());
  EXPECT_FALSE(calls_.Has("undo"));
}

TEST_F(SupervisorTest, AFailedUndoIsTheResultAndEndsNothingEarly) {
  MakeStarted();
  calls_.then["undo"] = [this] { calls_.fail_at = calls_.made.size(); };
  EXPECT_EQ(RunUntil([] { return true; }).message(),
            "cannot undo all of rwtest0: 1 step failed; the lines before name it");
  EXPECT_TRUE(calls_.HaveOrder({"undo", "close"}));
}

TEST_F(SupervisorTest, AFailedSaveAtTheEndIsTheResult) {
  Write("SaveConfig = true");
  MakeStarted();
  calls_.then["state"] = [this] { calls_.fail_at = calls_.made.size(); };
  EXPECT_EQ(RunUntil([] { return true; }).message(),
            "save to " + path() + ": told to fail at state");
  EXPECT_TRUE(calls_.HaveOrder({"state", "undo", "close"}));
}

TEST_F(SupervisorTest, SavesAtTheEndAfterPreDown) {
  Write("SaveConfig = true");
  MakeStarted();
  relay_->set_state(ConfigText("ListenPort = 4242", "192.0.2.9:1"));
  EXPECT_TRUE(RunUntil([] { return true; }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"drain", "pre down", "state", "undo", "close"}));
  std::ifstream saved(path());
  const std::string text((std::istreambuf_iterator<char>(saved)), {});
  EXPECT_NE(text.find("ListenPort = 4242"), std::string::npos) << text;
}

TEST_F(SupervisorTest, ASaveThatFailsDoesNotKeepTheTunnelUp) {
  Write("SaveConfig = true");
  MakeStarted();
  calls_.then["state"] = [this] { calls_.fail_at = calls_.made.size(); };
  EXPECT_FALSE(RunUntil([] { return true; }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"pre down", "state", "undo", "close"}));
}

TEST_F(SupervisorTest, ADeadRelayEndsTheServiceAndTrafficStaysBlocked) {
  MakeStarted();
  tunnel_->set_blocks(true);
  relay_->End(/*well=*/false, "it was ended by signal 9");
  const absl::Status status = supervisor_->Run();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(),
            "serve rwtest0: it was ended by signal 9 (traffic is still kept from leaving without "
            "the tunnel; `ringwire down rwtest0` ends that)");
  EXPECT_TRUE(calls_.HaveOrder({"reap", "keep closed", "close"}));
  EXPECT_FALSE(calls_.Has("undo")) << "only `down` opens";
  EXPECT_EQ(tunnel_->meanwhile().fd, -1);
}

TEST_F(SupervisorTest, ADeletedInterfaceIsNoFailure) {
  for (const bool blocks : {false, true}) {
    MakeStarted();
    tunnel_->set_blocks(blocks);
    relay_->End(/*well=*/true);
    EXPECT_TRUE(supervisor_->Run().ok());
    EXPECT_TRUE(calls_.Has("keep closed"));
  }
}

TEST_F(SupervisorTest, ARelayWithoutAReasonHasOneAllTheSame) {
  MakeStarted();
  relay_->End(/*well=*/false);
  EXPECT_EQ(supervisor_->Run().message(), "serve rwtest0: the relay process failed");
}

TEST_F(SupervisorTest, ABridgeFollowsPeersThatComeAndGo) {
  Write("Address = 10.77.0.1/24\n[Gateway]\nBridge = br0");
  MakeStarted();
  EXPECT_TRUE(calls_.HaveOrder({"up", "hosts", "follow peers", "serve"}));
  calls_.made.clear();
  relay_->ChangePeers({{crypto::PublicKey{1}, {*IpAddress::Parse("10.77.0.9")}}});
  EXPECT_TRUE(RunUntil([this] { return calls_.Has("follow peers"); }).ok());
  ASSERT_EQ(tunnel_->followed().size(), 1U);
  EXPECT_EQ(tunnel_->followed()[0].hosts, std::vector<IpAddress>{*IpAddress::Parse("10.77.0.9")});
}

TEST_F(SupervisorTest, ABridgeThatCouldNotFollowPeersTriesAgain) {
  Write("Address = 10.77.0.1/24\n[Gateway]\nBridge = br0");
  MakeStarted();
  calls_.made.clear();
  calls_.then["hosts"] = [this] { calls_.fail_at = calls_.made.size(); };
  relay_->ChangePeers({});
  EXPECT_TRUE(RunUntil([this] {
                if (calls_.Has("hosts")) calls_.then.erase("hosts");
                return calls_.Has("follow peers");
              }).ok());
  EXPECT_EQ(calls_.Count("hosts"), 2U);
}

TEST_F(SupervisorTest, WithoutABridgeNobodyAsksForThePeersAddresses) {
  MakeStarted();
  EXPECT_FALSE(calls_.Has("hosts"));
}

TEST_F(SupervisorTest, ChangesOfTheHostAreNoticed) {
  MakeStarted();
  tunnel_->Change();
  EXPECT_TRUE(RunUntil([this] { return calls_.Has("notice"); }).ok());
}

}  // namespace
}  // namespace ringwire::platform
