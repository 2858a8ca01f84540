#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "platform/relay/device_parts.h"
#include "tests/unit/platform/supervisor/relay_fixture.h"

namespace ringwire::platform {
namespace {

using RelayUpgradeTest = RelayProcessTest;

// A relay that hands over its parts when it is asked, and answers the rest by the script.
RelayProcess::Body WithParts(Script script) {
  return [script = std::move(script)](DeviceSettings, RelayChannel channel) {
    const absl::StatusOr<RelayMessage> asked = channel.Receive();
    if (!asked.ok() || asked->verb != RelayVerb::kGiveParts) Leave(kBadly);
    const UniqueFd queue(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (const PartsMessage& message : PartsMessages({.queues = {queue.get()}})) {
      channel.SendWith(message.descriptors, RelayVerb::kParts, message.body).IgnoreError();
    }
    return Answer(script, &channel);
  };
}

SupervisedRelay::Successor Program(std::string path, std::vector<std::string> arguments) {
  SupervisedRelay::Successor successor;
  successor.program = std::move(path);
  successor.arguments = std::move(arguments);
  return successor;
}

TEST_F(RelayUpgradeTest, AProgramThatCannotTakeOverChangesNothing) {
  const std::map<std::string, std::string> programs = {
      {"/nonexistent", "No such file or directory; the tunnel runs on as it was"},
      {"/bin/true", "the new program ended at its start"},
      {"/bin/false", "the new program ended at its start"},
      {"/dev/null", "Permission denied"},
  };
  for (const auto& [program, why] : programs) {
    RelayProcess relay("rwtest0", WithParts({{RelayVerb::kForget, {RelayVerb::kDone}}}));
    Fork(&relay);
    const absl::Status status = relay.Upgrade(Program(program, {"rw"}));
    EXPECT_NE(status.message().find(why), std::string::npos) << status;
    EXPECT_TRUE(relay.Forget(peer_).ok()) << "it serves as before";
    EXPECT_TRUE(relay.Reap());
  }
}

TEST_F(RelayUpgradeTest, ASignalEndsTheWaitForANewProgram) {
  RelayProcess relay("rwtest0", WithParts({{RelayVerb::kForget, {RelayVerb::kDone}}}));
  Fork(&relay);
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &term, nullptr), 0);
  ::raise(SIGTERM);
  const absl::Status status = relay.Upgrade(Program("/usr/bin/tail", {"tail", "-f", "/dev/null"}));
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  const timespec now{};
  EXPECT_EQ(::sigtimedwait(&term, nullptr, &now), SIGTERM) << "it is still to be handled";
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  EXPECT_TRUE(relay.Reap());
}

TEST_F(RelayUpgradeTest, ARelayThatGivesInvalidPartsIsNotReplaced) {
  for (const std::string& body : {std::string(), std::string("\1\0\0", 3)}) {
    RelayProcess relay("rwtest0", Answering(RelayVerb::kGiveParts, {RelayVerb::kParts, body}));
    Fork(&relay);
    const absl::Status status = relay.Upgrade(Program("/bin/true", {"true"}));
    EXPECT_EQ(status.message(),
              "the relay process sent an invalid message; the tunnel runs on as it was");
    EXPECT_TRUE(relay.Reap());
  }
}

}  // namespace
}  // namespace ringwire::platform
