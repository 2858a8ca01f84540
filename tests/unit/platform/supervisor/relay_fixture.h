#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_RELAY_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_RELAY_FIXTURE_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "platform/base/clock.h"
#include "platform/supervisor/relay_process.h"

namespace ringwire::platform {

// What a relay of the test answers to a verb.
struct Scripted {
  RelayVerb verb;
  std::string body = {};
};
using Script = std::map<RelayVerb, Scripted>;

// The exit codes of the test's relays.
inline constexpr int kWell = 0;
inline constexpr int kBadly = 1;

// Ends without the atexit() of the test program.
[[noreturn]] inline void Leave(int code) { ::_exit(code); }

// A relay that answers by the script until its supervisor hangs up.
inline int Answer(const Script& script, RelayChannel* channel) {
  while (true) {
    absl::StatusOr<RelayMessage> message = channel->Receive();
    if (!message.ok()) Leave(kWell);
    const auto answer = script.find(message->verb);
    if (answer == script.end()) continue;
    if (!channel->Send(answer->second.verb, answer->second.body).ok()) Leave(kBadly);
  }
}

class RelayProcessTest : public testing::Test {
 protected:
  RelayProcessTest() { peer_.fill(5); }

  void Fork(RelayProcess* relay) {
    const absl::Status forked = relay->Fork([] { return DeviceSettings(); });
    ASSERT_TRUE(forked.ok()) << forked;
    ASSERT_TRUE(relay->IsRunning());
  }
  static RelayProcess::Body Scripting(Script script) {
    return [script = std::move(script)](DeviceSettings, RelayChannel channel) {
      return Answer(script, &channel);
    };
  }
  // A relay that starts, and answers `verb` with this.
  static RelayProcess::Body Answering(RelayVerb verb, Scripted answer) {
    return Scripting({{verb, std::move(answer)}});
  }
  // Takes messages until there is an error, or `done`.
  static absl::Status TakeUntil(RelayProcess* relay, const std::function<bool()>& done) {
    const Instant end = BootNow() + absl::Minutes(1);
    while (!done() && BootNow() < end) {
      pollfd wait{relay->fd(), POLLIN, 0};
      ::poll(&wait, 1, 100);
      const absl::Status status = relay->TakeMessage();
      if (!status.ok()) return status;
    }
    EXPECT_TRUE(done());
    return absl::OkStatus();
  }
  static bool Never() { return false; }

  crypto::PublicKey peer_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_RELAY_FIXTURE_H_
