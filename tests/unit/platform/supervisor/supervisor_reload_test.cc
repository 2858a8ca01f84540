#include <fcntl.h>
#include <poll.h>

#include "tests/unit/platform/supervisor/supervisor_fixture.h"

namespace ringwire::platform {
namespace {

using SupervisorReloadTest = SupervisorTest;

// The calls of a reload begin with this one.
constexpr char kFirst[] = "peers";

TEST_F(SupervisorReloadTest, PlansThenChangesTheHostAroundTheRelay) {
  MakeStarted();
  Write("ListenPort = 4242");
  calls_.made.clear();
  ::raise(SIGHUP);
  EXPECT_TRUE(RunUntil([this] { return calls_.Has("allow 4242 0x0"); }).ok());
  const std::vector<std::string> expected = {"peers",        "plan",           "apply", "configure",
                                             "undo the old", "allow 4242 0x0", "drain", "undo",
                                             "reap",         "close"};
  EXPECT_EQ(calls_.made, expected);
  EXPECT_NE(relay_->configured().find("listen_port=4242"), std::string::npos);
  EXPECT_FALSE(tunnel_->in_force().config.private_key.has_value());
}

TEST_F(SupervisorReloadTest, SocketsHaveTheMarkBeforeAnyRuleDoes) {
  MakeStarted();
  Write("FwMark = 0x99");
  ::raise(SIGHUP);
  EXPECT_TRUE(RunUntil([this] { return calls_.Has("allow 0 0x99"); }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"plan", "mark 0x99", "apply", "configure"}));
}

TEST_F(SupervisorReloadTest, AndKeepItUntilNoRuleDoes) {
  Write("FwMark = 0x99");
  MakeStarted();
  Write("");
  ::raise(SIGHUP);
  EXPECT_TRUE(RunUntil([this] { return calls_.Has("allow 0 0x0"); }).ok());
  EXPECT_TRUE(calls_.HaveOrder({"configure", "undo the old", "mark 0x0"}));
  EXPECT_NE(relay_->configured().find("fwmark=153"), std::string::npos) << "until the last rule";
}

TEST_F(SupervisorReloadTest, AFailureAtAnyStepLeavesTheConfigurationInForce) {
  const std::vector<std::string> steps = {"peers", "plan",      "mark 0x99",
                                          "apply", "configure", "undo the old"};
  for (const std::string& step : steps) {
    Write("ListenPort = 1111");
    MakeStarted();
    Write("ListenPort = 2222\nFwMark = 0x99");
    const UniqueFd client = Ask("reload");
    calls_.then[step] = [this] { calls_.fail_at = calls_.made.size(); };
    EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok()) << step;
    calls_.then.clear();
    calls_.fail_at = 0;
    EXPECT_EQ(
        AnswerOn(client),
        fmt::format("{{\"error\":\"{}: told to fail at {} (the device runs on as it was)\"}}\n",
                    path(), step));
    EXPECT_EQ(tunnel_->in_force().config.listen_port, 1111) << step;
    EXPECT_FALSE(calls_.Has("allow 2222 0x99")) << step;
    const bool was_planned = step != "peers" && step != "plan";
    EXPECT_EQ(calls_.Has("abandon"), was_planned) << step;
    const bool was_marked = was_planned && step != "mark 0x99";
    EXPECT_EQ(calls_.Has("mark 0x0"), was_marked) << step;
  }
}

TEST_F(SupervisorReloadTest, AnInvalidFileChangesNothingAndNamesEachError) {
  MakeStarted();
  std::ofstream(path()) << "[Interface]\nPrivateKey = short\nMTU = many\n";
  const UniqueFd client = Ask("reload");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  const std::string answer = AnswerOn(client);
  EXPECT_NE(answer.find("rwtest0.conf:2:"), std::string::npos) << answer;
  EXPECT_NE(answer.find("rwtest0.conf:3:"), std::string::npos) << answer;
  EXPECT_NE(answer.find("errors (the device runs on as it was)"), std::string::npos) << answer;
  EXPECT_FALSE(calls_.Has(kFirst));
}

TEST_F(SupervisorReloadTest, AnotherNamespaceIsRefused) {
  MakeStarted();
  std::ofstream(path()) << ConfigText("", "192.0.2.1:51820") << "[Gateway]\nNamespace = other\n";
  const UniqueFd client = Ask("reload");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  EXPECT_NE(AnswerOn(client).find("another Namespace needs a restart"), std::string::npos);
  EXPECT_FALSE(calls_.Has(kFirst));
}

TEST_F(SupervisorReloadTest, WarningsComeWithTheAnswer) {
  MakeStarted();
  Write("Workers = 3");
  const UniqueFd client = Ask("reload");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(client).empty(); }).ok());
  const std::string answer = AnswerOn(client);
  EXPECT_TRUE(answer.starts_with("{\"ok\":true,\"warnings\":")) << answer;
  EXPECT_NE(answer.find("take effect at the next start"), std::string::npos) << answer;
  EXPECT_NE(answer.find("rwtest0: a warning of the plan"), std::string::npos) << answer;
}

TEST_F(SupervisorReloadTest, EveryClientIsAnswered) {
  MakeStarted();
  const UniqueFd first = Ask("reload");
  const UniqueFd second = Ask("reload");
  EXPECT_TRUE(RunUntil([&] { return !AnswerOn(first).empty() && !AnswerOn(second).empty(); }).ok());
}

// A FIFO without a writer, as a file system that does not answer.
TEST_F(SupervisorReloadTest, AFileThatCannotBeReadDoesNotKeepTheServiceFromEnding) {
  MakeStarted();
  std::filesystem::remove(path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  ::raise(SIGHUP);
  int looks = 0;
  EXPECT_TRUE(RunUntil([&looks] { return ++looks > 3; }).ok());
  EXPECT_FALSE(calls_.Has(kFirst));
  EXPECT_TRUE(calls_.Has("close"));
  // Lets the thread end.
  const UniqueFd writer(::open(path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace
}  // namespace ringwire::platform
