#include "platform/relay/relay_bodies.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

crypto::PublicKey Key(uint8_t first) { return {first, 1, 2, 3}; }

PeerUpdate At(uint8_t first, const char* endpoint) {
  PeerUpdate peer;
  peer.public_key = Key(first);
  peer.endpoint = SocketAddress::Parse(endpoint);
  return peer;
}

TEST(RelayBodiesTest, EndpointsComeBackAsChangesToPeersThatAreThere) {
  const std::vector<PeerUpdate> sent = {At(7, "192.0.2.1:51820"), At(0, "[2001:db8::1]:7"),
                                        At(255, "[fe80::1%3]:65535")};
  const auto read = ParseEndpoints(EndpointsText(sent));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ((*read)[i].public_key, sent[i].public_key);
    EXPECT_EQ((*read)[i].endpoint, sent[i].endpoint);
    EXPECT_TRUE((*read)[i].update_only) << "it may have been removed in between";
  }
}

TEST(RelayBodiesTest, NoEndpointsAreNoText) {
  EXPECT_EQ(EndpointsText({}), "");
  const auto read = ParseEndpoints("");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->empty());
}

TEST(RelayBodiesTest, RefusesWhatIsNoEndpointOfAPeer) {
  const std::string text = EndpointsText(std::vector<PeerUpdate>{At(7, "192.0.2.1:51820")});
  const std::string peer = text.substr(0, text.find("endpoint"));
  EXPECT_TRUE(ParseEndpoints(peer + "endpoint=192.0.2.1:7\n").ok());
  EXPECT_FALSE(ParseEndpoints(peer).ok()) << "no endpoint";
  EXPECT_FALSE(ParseEndpoints(peer + "endpoint=vpn.example:7\n").ok()) << "a name";
  EXPECT_FALSE(ParseEndpoints(peer + "endpoint=192.0.2.1\n").ok()) << "no port";
  EXPECT_FALSE(ParseEndpoints(peer + "endpoint=192.0.2.1:7\nremove=true\n").ok());
  EXPECT_FALSE(ParseEndpoints("endpoint=192.0.2.1:7\n").ok()) << "no peer";
}

TEST(RelayBodiesTest, AnIndexComesBackAndNothingElseIsOne) {
  EXPECT_EQ(ParseIndex(IndexBody(0xfffffffe)), 0xfffffffe);
  EXPECT_FALSE(ParseIndex("").has_value());
  EXPECT_FALSE(ParseIndex(IndexBody(7) + "x").has_value());
}

TEST(RelayBodiesTest, KeysComeBackAsTheyWere) {
  std::vector<crypto::PublicKey> keys;
  for (size_t i = 0; i < kUnansweredKeysMax; ++i) keys.push_back(Key(static_cast<uint8_t>(i)));
  EXPECT_EQ(ParseKeys(KeysBody(keys), kUnansweredKeysMax), keys);
  EXPECT_EQ(ParseKeys("", kUnansweredKeysMax), std::vector<crypto::PublicKey>());
}

TEST(RelayBodiesTest, HostsOfPeersComeBackAndOtherBytesAreRefused) {
  const std::vector<PeerHosts> peers = {
      {Key(1), {*IpAddress::Parse("10.77.0.2"), *IpAddress::Parse("fd77::2")}},
      {Key(2), {}},
      {Key(3), {*IpAddress::Parse("10.77.0.3")}}};
  const std::string body = HostsBody(peers);
  EXPECT_EQ(body.size(), 4 * kHostRecordSize);
  EXPECT_EQ(ParseHosts(body), peers);
  EXPECT_EQ(ParseHosts(""), std::vector<PeerHosts>());
  EXPECT_FALSE(ParseHosts(body.substr(1)).has_value());
  std::string other = body;
  other[sizeof(crypto::PublicKey)] = 5;
  EXPECT_FALSE(ParseHosts(other).has_value()) << "no family";
}

TEST(RelayBodiesTest, RefusesHalfKeysAndTooMany) {
  EXPECT_EQ(ParseKeys(std::string(31, 'x'), kUnansweredKeysMax), std::nullopt);
  EXPECT_EQ(ParseKeys(std::string(33, 'x'), kUnansweredKeysMax), std::nullopt);
  EXPECT_EQ(ParseKeys(std::string(32 * 3, 'x'), 2), std::nullopt);
}

TEST(RelayBodiesTest, AReasonSteersNoTerminal) {
  EXPECT_EQ(ReasonOf({RelayVerb::kFailed, "no \x1b[2Jroom\n\x7f"}), "no ?[2Jroom??");
  EXPECT_EQ(ReasonOf({RelayVerb::kFailed, "open peer(abcd…wxyz)"}), "open peer(abcd…wxyz)");
}

}  // namespace
}  // namespace ringwire::platform
