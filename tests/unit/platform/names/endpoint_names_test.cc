#include "platform/names/endpoint_names.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"

namespace ringwire::platform {
namespace {

// What the resolver answers; asked on its thread.
struct FakeNames {
  Mutex mutex;
  std::optional<std::vector<std::string>> addresses ABSL_GUARDED_BY(mutex);

  void Set(std::optional<std::vector<std::string>> to) {
    MutexLock lock(&mutex);
    addresses = std::move(to);
  }
  absl::StatusOr<std::vector<SocketAddress>> LookUp() {
    MutexLock lock(&mutex);
    if (!addresses.has_value()) return absl::NotFoundError("no such name");
    std::vector<SocketAddress> result;
    for (const std::string& address : *addresses) {
      result.push_back({.address = *IpAddress::Parse(address)});
    }
    return result;
  }
};

ConfigFile Config(const std::string& endpoint) {
  const std::string text =
      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nEndpoint = " + endpoint +
      "\n";
  ConfigParse parse = ParseConfigFile(text);
  EXPECT_TRUE(parse.ok());
  return std::move(parse.config);
}

class EndpointNamesTest : public testing::Test {
 protected:
  // Has the names of the configuration looked up and takes what comes of it.
  void Follow(const ConfigFile& config) {
    ASSERT_TRUE(endpoints.Follow(config, "wg0.conf").ok());
    pollfd wait{resolver.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 60'000), 1) << "no answer";
    endpoints.TakeAnswers([this](std::span<const PeerUpdate> peers) {
      for (const PeerUpdate& peer : peers) {
        EXPECT_TRUE(peer.update_only);
        moves.push_back(peer.endpoint->ToString());
      }
    });
  }
  std::string EndpointOf(const ConfigFile& config) {
    const auto endpoint = endpoints.EndpointsOf(config).front();
    return endpoint.has_value() ? endpoint->ToString() : "none";
  }

  std::shared_ptr<FakeNames> names = std::make_shared<FakeNames>();
  EndpointResolver resolver{[names = names](const std::string&) { return names->LookUp(); }};
  EndpointNames endpoints{&resolver};
  std::vector<std::string> moves;  // the endpoints that peers were given
};

TEST_F(EndpointNamesTest, AnAddressIsThereAtOnceAndAsksNobody) {
  const ConfigFile config = Config("[2001:db8::1]:7");
  ASSERT_TRUE(endpoints.Follow(config, "wg0.conf").ok());
  EXPECT_TRUE(resolver.AllTried());
  EXPECT_EQ(EndpointOf(config), "[2001:db8::1]:7");
}

TEST_F(EndpointNamesTest, APeerIsSentWhereItsNameIsFound) {
  names->Set({{"192.0.2.1", "192.0.2.2"}});
  const ConfigFile config = Config("vpn.example:51820");
  EXPECT_EQ(EndpointOf(config), "none");
  Follow(config);
  EXPECT_EQ(moves, std::vector<std::string>{"192.0.2.1:51820"});
  EXPECT_EQ(EndpointOf(config), "192.0.2.1:51820");
}

TEST_F(EndpointNamesTest, ANameThatIsNotFoundMovesNobody) {
  const ConfigFile config = Config("vpn.example:51820");
  Follow(config);
  EXPECT_TRUE(moves.empty());
  EXPECT_EQ(EndpointOf(config), "none");
  EXPECT_TRUE(resolver.AllTried());
}

TEST_F(EndpointNamesTest, TheSameAnswerDoesNotSendAPeerBack) {
  names->Set({{"192.0.2.1"}});
  const ConfigFile config = Config("vpn.example:51820");
  Follow(config);
  Follow(config);
  names->Set({{"192.0.2.7", "192.0.2.1"}});
  Follow(config);
  EXPECT_EQ(moves, std::vector<std::string>{"192.0.2.1:51820"})
      << "it may have moved since; and the order of the answers means nothing";
}

TEST_F(EndpointNamesTest, ASilentPeerIsSentToTheAddressesOfItsNameInTurn) {
  names->Set({{"192.0.2.1"}});
  const ConfigFile config = Config("vpn.example:51820");
  const crypto::PublicKey peer = config.peers.front().public_key;
  Follow(config);
  endpoints.Doubt({&peer, 1});
  Follow(config);  // it may have moved and come back
  names->Set({{"192.0.2.1", "2001:db8::7"}});
  for (int i = 0; i < 2; ++i) {
    endpoints.Doubt({&peer, 1});
    Follow(config);
  }
  Follow(config);  // not silent any more, as far as anybody knows
  EXPECT_EQ(moves, (std::vector<std::string>{"192.0.2.1:51820", "192.0.2.1:51820",
                                             "[2001:db8::7]:51820", "192.0.2.1:51820"}));
}

TEST_F(EndpointNamesTest, AnotherAnswerMovesIt) {
  names->Set({{"192.0.2.1"}});
  const ConfigFile config = Config("vpn.example:51820");
  Follow(config);
  names->Set({{"2001:db8::7"}});
  Follow(config);
  EXPECT_EQ(moves, (std::vector<std::string>{"192.0.2.1:51820", "[2001:db8::7]:51820"}));
  names->Set(std::nullopt);
  Follow(config);
  EXPECT_EQ(EndpointOf(config), "[2001:db8::7]:51820") << "a failure forgets nothing";
}

TEST_F(EndpointNamesTest, AnotherPortOfAKnownNameNeedsNoAnswer) {
  names->Set({{"192.0.2.1"}});
  Follow(Config("vpn.example:51820"));
  EXPECT_EQ(EndpointOf(Config("vpn.example:51821")), "192.0.2.1:51821");
  EXPECT_EQ(EndpointOf(Config("other.example:51821")), "none");
}

TEST_F(EndpointNamesTest, AResolverThatHangsHoldsUpNobody) {
  auto lock = std::make_unique<MutexLock>(&names->mutex);
  {
    EndpointResolver slow([names = names](const std::string&) { return names->LookUp(); });
    ASSERT_TRUE(slow.Want({"vpn.example"}).ok());
    EXPECT_FALSE(slow.AllTried());
  }  // returns although its thread waits
  lock.reset();
}

}  // namespace
}  // namespace ringwire::platform
