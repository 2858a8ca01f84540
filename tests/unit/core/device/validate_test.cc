#include "core/device/validate.h"

#include <set>
#include <string>

#include "core/base/limits.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

crypto::PublicKey Key(uint32_t number) {
  crypto::PublicKey key{};
  for (size_t i = 0; i < 4; ++i) key[i] = static_cast<uint8_t>(number >> (8 * i));
  return key;
}

PeerUpdate Peer(uint32_t number) {
  PeerUpdate peer;
  peer.public_key = Key(number);
  return peer;
}

absl::Status ValidateOn(const DeviceUpdate& update, size_t peer_count,
                        const std::set<crypto::PublicKey>& existing) {
  const auto has_peer = [&](const crypto::PublicKey& key) { return existing.contains(key); };
  return Validate(update, {.peer_count = peer_count, .has_peer = has_peer});
}

absl::Status ValidateOnEmpty(const PeerUpdate& peer) {
  DeviceUpdate update;
  update.peers.push_back(peer);
  return ValidateOn(update, 0, {});
}

TEST(ValidateTest, AcceptsAnEmptyChangeAndAnOrdinaryPeer) {
  EXPECT_TRUE(ValidateOn(DeviceUpdate{}, 0, {}).ok());
  PeerUpdate peer = Peer(1);
  peer.endpoint = SocketAddress::Parse("[2001:db8::1]:1");
  peer.allowed_ips = {{*Prefix::Parse("0.0.0.0/0"), false}, {*Prefix::Parse("::/0"), true}};
  peer.name = "café 1";
  EXPECT_TRUE(ValidateOnEmpty(peer).ok());
}

TEST(ValidateTest, RefusesOneMorePeerThanThereMayBe) {
  DeviceUpdate update;
  update.peers.push_back(Peer(1));
  EXPECT_TRUE(ValidateOn(update, kPeersMax - 1, {}).ok());
  EXPECT_EQ(ValidateOn(update, kPeersMax, {}).code(), absl::StatusCode::kResourceExhausted);
}

TEST(ValidateTest, DoesNotCountWhatCreatesNoPeer) {
  DeviceUpdate update;
  update.peers = {Peer(1), Peer(1), Peer(2)};
  update.peers[2].update_only = true;
  EXPECT_TRUE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
  EXPECT_TRUE(ValidateOn(update, kPeersMax - 1, {}).ok());
}

TEST(ValidateTest, CountsRemovalsInOrder) {
  DeviceUpdate update;
  update.peers = {Peer(1), Peer(2)};
  update.peers[0].remove = true;
  EXPECT_TRUE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
  EXPECT_FALSE(ValidateOn(update, kPeersMax, {}).ok()) << "the removal of a stranger frees nothing";
  std::swap(update.peers[0], update.peers[1]);
  EXPECT_FALSE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
}

TEST(ValidateTest, CountsAPeerThatIsRemovedAndMadeAgainOnce) {
  DeviceUpdate update;
  update.peers = {Peer(1), Peer(1), Peer(1)};
  update.peers[0].remove = true;
  EXPECT_TRUE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
  update.peers.push_back(Peer(2));
  EXPECT_FALSE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
}

TEST(ValidateTest, ReplacePeersMakesRoomForAll) {
  DeviceUpdate update;
  update.replace_peers = true;
  update.peers = {Peer(1), Peer(2)};
  EXPECT_TRUE(ValidateOn(update, kPeersMax, {Key(1)}).ok());
  update.peers.assign(kPeersMax + 1, PeerUpdate{});
  for (uint32_t i = 0; i <= kPeersMax; ++i) update.peers[i].public_key = Key(i);
  EXPECT_EQ(ValidateOn(update, 0, {}).code(), absl::StatusCode::kResourceExhausted);
  update.peers.pop_back();
  EXPECT_TRUE(ValidateOn(update, 0, {}).ok());
}

TEST(ValidateTest, RefusesImpossiblePrefixes) {
  PeerUpdate peer = Peer(1);
  for (Prefix prefix :
       {Prefix{}, Prefix{*IpAddress::Parse("10.0.0.0"), 33},
        Prefix{*IpAddress::Parse("fd00::"), 129}, Prefix{*IpAddress::Parse("10.0.0.1"), 24}}) {
    for (const bool remove : {false, true}) {
      peer.allowed_ips = {{*Prefix::Parse("10.0.0.0/8"), false}, {prefix, remove}};
      EXPECT_EQ(ValidateOnEmpty(peer).code(), absl::StatusCode::kInvalidArgument)
          << prefix.ToString();
    }
  }
}

TEST(ValidateTest, RefusesAnEndpointThatNothingCanBeSentTo) {
  PeerUpdate peer = Peer(1);
  peer.endpoint = SocketAddress{};
  EXPECT_FALSE(ValidateOnEmpty(peer).ok());
  peer.endpoint = SocketAddress{.address = *IpAddress::Parse("10.0.0.1"), .port = 0};
  EXPECT_FALSE(ValidateOnEmpty(peer).ok());
  peer.endpoint->port = 1;
  EXPECT_TRUE(ValidateOnEmpty(peer).ok());
}

TEST(ValidateTest, RefusesANameThatWouldBreakALine) {
  PeerUpdate peer = Peer(1);
  peer.name = "a\nb";
  EXPECT_FALSE(ValidateOnEmpty(peer).ok());
  peer.name = std::string(kPeerNameBytesMax, 'n');
  EXPECT_TRUE(ValidateOnEmpty(peer).ok());
  peer.name->push_back('n');
  EXPECT_FALSE(ValidateOnEmpty(peer).ok());
}

}  // namespace
}  // namespace ringwire
