#include "platform/supervisor/relay_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/device/key_text.h"
#include "platform/base/clock.h"
#include "platform/relay/relay_bodies.h"
#include "platform/relay/socket_bodies.h"
#include "tests/unit/platform/supervisor/doubles.h"
#include "tests/unit/platform/supervisor/relay_fixture.h"

namespace ringwire::platform {
namespace {

TEST_F(RelayProcessTest, StartsWithTheEndpointsAndNamesTheInterface) {
  RelayProcess relay("rwtest0", [](DeviceSettings settings, RelayChannel channel) {
    const absl::StatusOr<RelayMessage> start = channel.Receive();
    const bool good = start.ok() && start->verb == RelayVerb::kStart &&
                      start->body.find("192.0.2.1:51820") != std::string::npos &&
                      settings.supervisor == ::getppid() && settings.fwmark == 0x99;
    if (!good) Leave(kBadly);
    channel.Send(RelayVerb::kStarted, IndexBody(12)).IgnoreError();
    const absl::StatusOr<RelayMessage> serve = channel.Receive();
    Leave(serve.ok() && serve->verb == RelayVerb::kServe ? kWell : kBadly);
    return 0;
  });
  ASSERT_TRUE(relay
                  .Fork([] {
                    DeviceSettings settings;
                    settings.fwmark = 0x99;
                    return settings;
                  })
                  .ok());
  PeerUpdate known;
  known.public_key = peer_;
  known.endpoint = SocketAddress::Parse("192.0.2.1:51820");
  const absl::StatusOr<uint32_t> index = relay.Start({&known, 1});
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(*index, 12U);
  EXPECT_TRUE(relay.Serve().ok());
  EXPECT_TRUE(relay.Reap());
  EXPECT_FALSE(relay.IsRunning());
  EXPECT_EQ(relay.fd(), -1);
  EXPECT_EQ(relay.error(), "");
}

TEST_F(RelayProcessTest, HasNoDescriptorOfItsSupervisorButTheChannel) {
  const int open = ::open("/dev/null", O_RDONLY);  // not close-on-exec, as nothing is executed
  RelayProcess relay("rwtest0", [open](DeviceSettings, RelayChannel channel) {
    Leave(::fcntl(open, F_GETFD) < 0 && ::fcntl(channel.fd(), F_GETFD) >= 0 ? kWell : kBadly);
    return 0;
  });
  Fork(&relay);
  EXPECT_TRUE(relay.Reap());
  ::close(open);
}

TEST_F(RelayProcessTest, AFailedStartHasTheRelaysOwnWords) {
  RelayProcess relay("rwtest0", Answering(RelayVerb::kStart, {RelayVerb::kFailed, "no port"}));
  Fork(&relay);
  const absl::Status status = relay.Start({}).status();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(), "no port");
}

TEST_F(RelayProcessTest, AnInterfaceWithoutAnIndexIsInvalid) {
  for (const std::string& body : {std::string("?"), IndexBody(0)}) {
    RelayProcess relay("rwtest0", Answering(RelayVerb::kStart, {RelayVerb::kStarted, body}));
    Fork(&relay);
    EXPECT_EQ(relay.Start({}).status().message(), "the relay process sent an invalid message");
  }
}

TEST_F(RelayProcessTest, AsksAndTakesTheReply) {
  RelayProcess relay(
      "rwtest0",
      Scripting({{RelayVerb::kConfigure, {RelayVerb::kDone}},
                 {RelayVerb::kSetMark, {RelayVerb::kDone}},
                 {RelayVerb::kForget, {RelayVerb::kFailed, "unknown peer"}},
                 {RelayVerb::kGiveState, {RelayVerb::kState, "[Interface]\nListenPort = 4242\n"}},
                 {RelayVerb::kGivePeers, {RelayVerb::kPeers, KeysBody({&peer_, 1})}}}));
  Fork(&relay);
  EXPECT_TRUE(relay.Configure("[Interface]\n").ok());
  EXPECT_TRUE(relay.SetMark(7).ok());
  EXPECT_EQ(relay.Forget(peer_).message(), "unknown peer");
  const absl::StatusOr<ConfigFile> state = relay.State();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->listen_port, 4242);
  const absl::StatusOr<std::vector<crypto::PublicKey>> peers = relay.Peers();
  ASSERT_TRUE(peers.ok()) << peers.status();
  EXPECT_EQ(*peers, std::vector<crypto::PublicKey>{peer_});
  PeerUpdate moved;
  moved.public_key = peer_;
  moved.endpoint = SocketAddress::Parse("192.0.2.2:1");
  EXPECT_TRUE(relay.MoveEndpoints({&moved, 1}).ok());
  EXPECT_TRUE(relay.Reap());
}

TEST_F(RelayProcessTest, TellsTheAddressesOfPeersAndWhenTheyChange) {
  const std::vector<PeerHosts> hosts = {{peer_, {*IpAddress::Parse("10.77.0.2")}}};
  RelayProcess relay("rwtest0", [&hosts](DeviceSettings, RelayChannel channel) {
    if (!channel.Receive().ok()) Leave(kBadly);
    channel.Send(RelayVerb::kHosts, HostsBody(hosts)).IgnoreError();
    channel.Send(RelayVerb::kPeersChanged).IgnoreError();
    if (!channel.Receive().ok()) Leave(kWell);
    channel.Send(RelayVerb::kHosts, "short").IgnoreError();
    channel.Receive().IgnoreError();
    Leave(kWell);
    return 0;
  });
  bool changed = false;
  relay.set_on_peers_changed([&changed] { changed = true; });
  Fork(&relay);
  const absl::StatusOr<std::vector<PeerHosts>> told = relay.Hosts();
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(*told, hosts);
  EXPECT_TRUE(TakeUntil(&relay, [&changed] { return changed; }).ok());
  EXPECT_FALSE(relay.Hosts().ok()) << "an invalid reply";
}

// A signal interrupts the wait for a long reply, which arrives later.
class LateReplyTest : public RelayProcessTest {
 protected:
  LateReplyTest() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  }
  ~LateReplyTest() override {
    const timespec now{};
    ::sigtimedwait(&signals_, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  std::vector<PeerHosts> ManyHosts() const {
    return {500, PeerHosts{peer_, {*IpAddress::Parse("10.77.0.2")}}};
  }

 private:
  sigset_t signals_{};
  sigset_t mask_before_{};
};

TEST_F(LateReplyTest, ALongOneIsDiscarded) {
  // Replies when it is asked for the second time.
  RelayProcess relay("rwtest0", [this](DeviceSettings, RelayChannel channel) {
    if (!channel.Receive().ok() || !channel.Receive().ok()) Leave(kBadly);
    channel.Send(RelayVerb::kHosts, HostsBody(ManyHosts())).IgnoreError();
    channel.Send(RelayVerb::kDone).IgnoreError();
    return Answer({}, &channel);
  });
  Fork(&relay);
  ::raise(SIGTERM);
  EXPECT_TRUE(absl::IsCancelled(relay.Hosts().status()));
  relay.IgnoreEndSignals();
  EXPECT_TRUE(relay.SetMark(1).ok());
}

TEST_F(LateReplyTest, ALongOneBetweenQuestionsIsDiscardedOnce) {
  RelayProcess relay("rwtest0", [this](DeviceSettings, RelayChannel channel) {
    if (!channel.Receive().ok()) Leave(kBadly);
    if (!channel.Receive().ok()) Leave(kBadly);  // the test has given up
    channel.Send(RelayVerb::kHosts, HostsBody(ManyHosts())).IgnoreError();
    channel.Send(RelayVerb::kUnanswered, KeysBody({&peer_, 1})).IgnoreError();
    channel.Send(RelayVerb::kUnanswered, std::string(kRelayBodyMax + 32, 'k')).IgnoreError();
    return Answer({}, &channel);
  });
  bool reported = false;
  relay.set_on_unanswered([&](std::span<const crypto::PublicKey>) { reported = true; });
  Fork(&relay);
  ::raise(SIGTERM);
  EXPECT_TRUE(absl::IsCancelled(relay.Hosts().status()));
  ASSERT_TRUE(relay.Serve().ok());
  EXPECT_TRUE(TakeUntil(&relay, [&] { return reported; }).ok());
  EXPECT_FALSE(TakeUntil(&relay, Never).ok()) << "a long message that answers nothing";
}

TEST_F(RelayProcessTest, AReplyThatIsNoneIsRefused) {
  RelayProcess relay("rwtest0", Scripting({{RelayVerb::kGivePeers, {RelayVerb::kPeers, "short"}},
                                           {RelayVerb::kGiveState, {RelayVerb::kState, "text"}},
                                           {RelayVerb::kSetMark, {RelayVerb::kPeers}}}));
  Fork(&relay);
  EXPECT_EQ(relay.Peers().status().message(), "the relay process sent an invalid message");
  EXPECT_FALSE(relay.State().ok());
  EXPECT_FALSE(relay.SetMark(1).ok());
}

TEST_F(RelayProcessTest, ReportsPeersThatDoNotAnswerAlsoBeforeAReply) {
  RelayProcess relay("rwtest0", [peer = peer_](DeviceSettings, RelayChannel channel) {
    channel.Send(RelayVerb::kUnanswered, KeysBody({&peer, 1})).IgnoreError();
    if (!channel.Receive().ok()) Leave(kBadly);
    channel.Send(RelayVerb::kUnanswered, KeysBody({&peer, 1})).IgnoreError();
    channel.Send(RelayVerb::kDone).IgnoreError();
    return Answer({}, &channel);
  });
  size_t reported = 0;
  relay.set_on_unanswered([&](std::span<const crypto::PublicKey> peers) {
    EXPECT_EQ(peers.front(), peer_);
    ++reported;
  });
  Fork(&relay);
  EXPECT_TRUE(TakeUntil(&relay, [&] { return reported == 1; }).ok());
  EXPECT_TRUE(relay.SetMark(1).ok());
  EXPECT_EQ(reported, 2U);
}

// The second one comes at once, which no honest relay does.
TEST_F(RelayProcessTest, PassesAHeartbeatOnToTheServiceManager) {
  const std::string name = "ringwire-heartbeat." + std::to_string(::getpid());
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());  // an abstract name begins with a zero
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  ::setenv("WATCHDOG_USEC", "3600000000", 1);
  RelayProcess relay("rwtest0", [peer = peer_](DeviceSettings, RelayChannel channel) {
    channel.Send(RelayVerb::kAlive).IgnoreError();
    channel.Send(RelayVerb::kAlive).IgnoreError();
    channel.Send(RelayVerb::kUnanswered, KeysBody({&peer, 1})).IgnoreError();
    return Answer({}, &channel);
  });
  bool is_last = false;
  relay.set_on_unanswered([&](std::span<const crypto::PublicKey>) { is_last = true; });
  Fork(&relay);
  EXPECT_TRUE(TakeUntil(&relay, [&] { return is_last; }).ok());
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  std::array<char, 64> text{};
  ASSERT_EQ(::recv(manager.get(), text.data(), text.size(), 0), 10);
  EXPECT_EQ(std::string(text.data(), 10), "WATCHDOG=1");
  EXPECT_LT(::recv(manager.get(), text.data(), text.size(), 0), 0);
}

TEST_F(RelayProcessTest, ItsLastFailureIsItsError) {
  RelayProcess relay("rwtest0", [](DeviceSettings, RelayChannel channel) {
    channel.Send(RelayVerb::kFailed, "the device is gone").IgnoreError();
    Leave(kBadly);
    return 0;
  });
  Fork(&relay);
  EXPECT_TRUE(absl::IsNotFound(TakeUntil(&relay, Never)));
  EXPECT_FALSE(relay.Reap());
  EXPECT_EQ(relay.error(), "the device is gone");
}

TEST_F(RelayProcessTest, AnInvalidMessageIsAnError) {
  for (const Scripted& sent :
       {Scripted{RelayVerb::kDone}, Scripted{RelayVerb::kUnanswered, "short"},
        Scripted{RelayVerb::kSocket, "short"}, Scripted{RelayVerb::kAlive, "and more"}}) {
    RelayProcess relay("rwtest0", [sent](DeviceSettings, RelayChannel channel) {
      channel.Send(sent.verb, sent.body).IgnoreError();
      return Answer({}, &channel);
    });
    Fork(&relay);
    EXPECT_EQ(TakeUntil(&relay, Never).message(), "the relay process sent an invalid message");
  }
}

TEST_F(RelayProcessTest, TheSignalThatKilledItIsItsError) {
  RelayProcess relay("rwtest0", [](DeviceSettings, RelayChannel) {
    ::raise(SIGKILL);
    return 0;
  });
  Fork(&relay);
  EXPECT_FALSE(relay.Start({}).ok());
  EXPECT_FALSE(relay.Reap());
  EXPECT_EQ(relay.error(), "it was ended by signal 9");
  EXPECT_FALSE(relay.Reap()) << "once";
}

TEST_F(RelayProcessTest, EndsWhenItsSupervisorHangsUp) {
  RelayProcess relay("rwtest0", Scripting({}));
  Fork(&relay);
  relay.HangUp();
  EXPECT_TRUE(absl::IsNotFound(TakeUntil(&relay, Never)));
  EXPECT_TRUE(relay.IsRunning());
  EXPECT_TRUE(relay.Reap());
}

TEST_F(RelayProcessTest, WithoutAProcessEveryRequestSaysSo) {
  RelayProcess relay("rwtest0");
  EXPECT_TRUE(absl::IsNotFound(relay.Start({}).status()));
  EXPECT_TRUE(absl::IsNotFound(relay.Serve()));
  EXPECT_TRUE(absl::IsNotFound(relay.TakeMessage()));
  EXPECT_TRUE(absl::IsNotFound(relay.Configure("")));
  EXPECT_TRUE(absl::IsNotFound(relay.MoveEndpoints({})));
  relay.HangUp();
  EXPECT_FALSE(relay.Reap());
}

TEST_F(RelayProcessTest, AnEndSignalInterruptsARequestUnlessTheServiceEnds) {
  sigset_t signals;
  sigset_t before;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  {
    // Answers only the second request.
    RelayProcess relay("rwtest0", [](DeviceSettings, RelayChannel channel) {
      if (!channel.Receive().ok() || !channel.Receive().ok()) Leave(kBadly);
      channel.Send(RelayVerb::kDone).IgnoreError();
      channel.Send(RelayVerb::kDone).IgnoreError();
      return Answer({}, &channel);
    });
    Fork(&relay);
    ::raise(SIGTERM);
    const absl::Status status = relay.SetMark(1);
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    relay.IgnoreEndSignals();
    EXPECT_TRUE(relay.SetMark(2).ok()) << "and the late reply is not taken for this one's";
  }
  const timespec now{};
  ::sigtimedwait(&signals, nullptr, &now);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Asks for sockets and gives what it got as its exit code: the number of descriptors.
int AskForSockets(const SocketRequest& request, std::vector<int> sockets, RelayChannel* channel) {
  channel->SendWith(sockets, RelayVerb::kSocket, SocketRequestBody(request)).IgnoreError();
  const absl::StatusOr<RelayMessage> reply = channel->Receive();
  if (!reply.ok()) Leave(99);
  if (reply->verb == RelayVerb::kNoSockets) Leave(50);
  if (reply->verb != RelayVerb::kSockets) Leave(98);
  channel->Send(RelayVerb::kFailed, fmt::format("{} sockets", reply->descriptors.size()))
      .IgnoreError();
  Leave(kWell);
}

class RelaySocketsOfProcessTest : public RelayProcessTest {
 protected:
  // What the relay got: "2 sockets", or empty if they were refused.
  std::string Serve(const SocketRequest& request, std::function<std::vector<int>()> sockets = {}) {
    RelayProcess relay("rwtest0", [&](DeviceSettings, RelayChannel channel) {
      return AskForSockets(request, sockets ? sockets() : std::vector<int>(), &channel);
    });
    relay.AllowSockets(0, 0);
    relay.AlsoAllowSockets(0, 0);
    Fork(&relay);
    const absl::Status end = TakeUntil(&relay, Never);
    EXPECT_TRUE(absl::IsNotFound(end)) << end;
    relay.Reap();
    return relay.error();
  }
};

TEST_F(RelaySocketsOfProcessTest, AreOpenedForItsWorkers) {
  SocketRequest request;
  request.workers = 2;
  EXPECT_EQ(Serve(request), "4 sockets") << "one of each family for each worker";
}

TEST_F(RelaySocketsOfProcessTest, WithAForeignMarkOrPortAreRefused) {
  SocketRequest request;
  request.workers = 1;
  request.mark = 0x99;
  EXPECT_EQ(Serve(request), "");
  request.mark = 0;
  request.port = 53;
  EXPECT_EQ(Serve(request), "");
}

TEST_F(RelaySocketsOfProcessTest, OnlyUdpSocketsAreMarked) {
  SocketRequest request;
  EXPECT_EQ(Serve(request, [] { return std::vector<int>{::socket(AF_INET, SOCK_STREAM, 0)}; }), "");
  EXPECT_EQ(Serve(request, [] { return std::vector<int>{::open("/dev/null", O_RDONLY)}; }), "");
  EXPECT_EQ(Serve(request, [] { return std::vector<int>{::socket(AF_INET, SOCK_DGRAM, 0)}; }),
            "0 sockets");
}

TEST_F(RelaySocketsOfProcessTest, ARequestInTheNameOfRootNeedsItsConnection) {
  SocketRequest request;
  request.port = 53;
  request.workers = 1;
  request.has_asker = true;
  EXPECT_EQ(Serve(request, [] { return std::vector<int>{::socket(AF_UNIX, SOCK_STREAM, 0)}; }), "");
}

}  // namespace
}  // namespace ringwire::platform
