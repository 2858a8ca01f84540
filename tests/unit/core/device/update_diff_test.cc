#include "core/device/update_diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/support/random_changes.h"

namespace ringwire {
namespace {

// A device that applies changes in the plainest way: the oracle for Diff.
struct DevicePeer {
  std::array<uint8_t, 32> preshared_key{};
  std::optional<SocketAddress> endpoint;
  uint16_t persistent_keepalive_seconds = 0;
  std::string name;
  std::string endpoint_name;
  TransportCipher transport_cipher = TransportCipher::kAuto;
  std::set<Prefix> allowed_ips;
  int generation = 0;  // a new one for a peer that was made anew: its session is lost
  friend bool operator==(const DevicePeer&, const DevicePeer&) = default;
};

struct Device {
  std::array<uint8_t, 32> private_key{};
  uint16_t listen_port = 0;
  uint32_t fwmark = 0;
  TransportCipher transport_cipher = TransportCipher::kAuto;
  std::map<crypto::PublicKey, DevicePeer> peers;
  int generation = 0;
  friend bool operator==(const Device&, const Device&) = default;

  void Apply(const DeviceUpdate& update);
  void Apply(const PeerUpdate& update);
  DeviceStatus Status() const;
};

void Device::Apply(const PeerUpdate& update) {
  if (update.remove) {
    peers.erase(update.public_key);
    return;
  }
  if (!peers.contains(update.public_key)) {
    if (update.update_only) return;
    peers[update.public_key].generation = generation;
  }
  DevicePeer& peer = peers[update.public_key];
  if (update.preshared_key) {
    std::ranges::copy(update.preshared_key->bytes(), peer.preshared_key.begin());
  }
  if (update.endpoint) peer.endpoint = update.endpoint;
  if (update.persistent_keepalive_seconds) {
    peer.persistent_keepalive_seconds = *update.persistent_keepalive_seconds;
  }
  if (update.name) peer.name = *update.name;
  if (update.endpoint_name) peer.endpoint_name = *update.endpoint_name;
  if (update.transport_cipher) peer.transport_cipher = *update.transport_cipher;
  if (update.replace_allowed_ips) peer.allowed_ips.clear();
  for (const AllowedIpChange& change : update.allowed_ips) {
    if (change.remove) {
      peer.allowed_ips.erase(change.prefix);
      continue;
    }
    for (auto& [key, other] : peers) other.allowed_ips.erase(change.prefix);
    peer.allowed_ips.insert(change.prefix);
  }
}

void Device::Apply(const DeviceUpdate& update) {
  if (update.private_key) std::ranges::copy(update.private_key->bytes(), private_key.begin());
  if (update.listen_port) listen_port = *update.listen_port;
  if (update.fwmark) fwmark = *update.fwmark;
  if (update.transport_cipher) transport_cipher = *update.transport_cipher;
  if (update.replace_peers) peers.clear();
  for (const PeerUpdate& peer : update.peers) Apply(peer);
}

DeviceStatus Device::Status() const {
  DeviceStatus status;
  if (private_key != std::array<uint8_t, 32>{}) status.private_key.emplace(std::span(private_key));
  status.listen_port = listen_port;
  status.fwmark = fwmark;
  status.transport_cipher = transport_cipher;
  for (const auto& [key, peer] : peers) {
    PeerStatus& shown = status.peers.emplace_back();
    shown.public_key = key;
    shown.preshared_key = crypto::PresharedKey(std::span(peer.preshared_key));
    shown.endpoint = peer.endpoint;
    shown.persistent_keepalive_seconds = peer.persistent_keepalive_seconds;
    shown.name = peer.name;
    shown.endpoint_name = peer.endpoint_name;
    shown.transport_cipher = peer.transport_cipher;
    shown.allowed_ips.assign(peer.allowed_ips.rbegin(), peer.allowed_ips.rend());
  }
  return status;
}

bool IsEmpty(const DeviceUpdate& update) {
  return !update.private_key && !update.listen_port && !update.fwmark && !update.transport_cipher &&
         !update.replace_peers && update.peers.empty();
}

class ConfigDiffPropertyTest : public testing::TestWithParam<bool> {};

TEST_P(ConfigDiffPropertyTest, LeadsWhereTheWholeChangeLeads) {
  const bool replace_peers = GetParam();
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomChanges changes(seed);
    Device before;
    before.Apply(changes.Whole(false));
    before.Apply(changes.Whole(false));
    const DeviceUpdate wanted = changes.Whole(replace_peers);

    Device expected = before;
    expected.generation = 1;
    expected.Apply(wanted);
    const DeviceUpdate diff = Diff(before.Status(), wanted);
    Device actual = before;
    actual.generation = 1;
    actual.Apply(diff);

    // What lived before and after lived on, and kept its endpoint if no other was named.
    for (auto& [key, peer] : expected.peers) {
      const auto old = before.peers.find(key);
      if (old == before.peers.end()) continue;
      peer.generation = 0;
      if (!peer.endpoint) peer.endpoint = old->second.endpoint;
    }
    ASSERT_EQ(actual, expected);
    EXPECT_FALSE(diff.replace_peers);
    EXPECT_TRUE(IsEmpty(Diff(actual.Status(), DeviceUpdate{})));
    if (replace_peers) {
      ASSERT_TRUE(IsEmpty(Diff(actual.Status(), wanted))) << "a second time nothing is left to do";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(ReplacePeers, ConfigDiffPropertyTest, testing::Bool());

DeviceStatus TwoPeers() {
  DeviceStatus status;
  status.private_key.emplace().bytes()[0] = 1;
  status.listen_port = 51820;
  for (uint8_t number = 1; number <= 2; ++number) {
    PeerStatus& peer = status.peers.emplace_back();
    peer.public_key[0] = number;
    peer.endpoint = SocketAddress::Parse("192.0.2.1:1000");
    peer.allowed_ips = {Prefix::Of(*IpAddress::Parse(number == 1 ? "10.1.0.0" : "10.2.0.0"), 16)};
  }
  return status;
}

DeviceUpdate SameAs(const DeviceStatus& status) {
  DeviceUpdate update;
  update.private_key = status.private_key;
  update.listen_port = status.listen_port;
  update.fwmark = status.fwmark;
  update.replace_peers = true;
  for (const PeerStatus& peer : status.peers) {
    PeerUpdate& same = update.peers.emplace_back();
    same.public_key = peer.public_key;
    same.endpoint = peer.endpoint;
    for (const Prefix& prefix : peer.allowed_ips) same.allowed_ips.push_back({prefix, false});
  }
  return update;
}

// Trap 5 of the control socket: setconf and syncconf send everything again.
TEST(ConfigDiffTest, FindsNothingToDoForTheSameConfiguration) {
  EXPECT_TRUE(IsEmpty(Diff(TwoPeers(), SameAs(TwoPeers()))));
}

TEST(ConfigDiffTest, NamesOnlyWhatDiffers) {
  DeviceUpdate wanted = SameAs(TwoPeers());
  wanted.fwmark = 7;
  wanted.peers[1].persistent_keepalive_seconds = 25;
  wanted.peers[1].endpoint.reset();
  const DeviceUpdate diff = Diff(TwoPeers(), wanted);
  EXPECT_FALSE(diff.private_key || diff.listen_port || diff.replace_peers);
  EXPECT_EQ(diff.fwmark, 7u);
  ASSERT_EQ(diff.peers.size(), 1u);
  EXPECT_EQ(diff.peers[0].public_key[0], 2);
  EXPECT_EQ(diff.peers[0].persistent_keepalive_seconds, 25);
  EXPECT_FALSE(diff.peers[0].endpoint || diff.peers[0].preshared_key || diff.peers[0].name ||
               diff.peers[0].replace_allowed_ips);
  EXPECT_TRUE(diff.peers[0].allowed_ips.empty());
}

TEST(ConfigDiffTest, RemovesAPeerThatIsNoLongerWanted) {
  DeviceUpdate wanted = SameAs(TwoPeers());
  wanted.peers.pop_back();
  const DeviceUpdate diff = Diff(TwoPeers(), wanted);
  ASSERT_EQ(diff.peers.size(), 1u);
  EXPECT_TRUE(diff.peers[0].remove);
  EXPECT_EQ(diff.peers[0].public_key[0], 2);
}

TEST(ConfigDiffTest, ClearsWhatAReplacedPeerNoLongerHas) {
  DeviceStatus current = TwoPeers();
  current.peers[0].preshared_key.bytes()[0] = 1;
  current.peers[0].name = "old";
  const DeviceUpdate diff = Diff(current, SameAs(current));
  ASSERT_EQ(diff.peers.size(), 1u);
  ASSERT_TRUE(diff.peers[0].preshared_key);
  EXPECT_TRUE(diff.peers[0].preshared_key->IsZero());
  EXPECT_EQ(diff.peers[0].name, "");
}

TEST(ConfigDiffTest, AddsOnePrefixToManyByAnIncrement) {
  DeviceStatus current = TwoPeers();
  for (uint8_t i = 0; i < 100; ++i) {
    current.peers[0].allowed_ips.push_back(
        Prefix::Of(IpAddress::V4(std::array<uint8_t, 4>{172, 16, i, 0}), 24));
  }
  DeviceUpdate wanted = SameAs(current);
  wanted.peers[0].allowed_ips.push_back({*Prefix::Parse("192.168.0.0/16"), false});
  const DeviceUpdate diff = Diff(current, wanted);
  ASSERT_EQ(diff.peers.size(), 1u);
  EXPECT_FALSE(diff.peers[0].replace_allowed_ips);
  ASSERT_EQ(diff.peers[0].allowed_ips.size(), 1u);
  EXPECT_EQ(diff.peers[0].allowed_ips[0].prefix, Prefix::Parse("192.168.0.0/16"));
  EXPECT_FALSE(diff.peers[0].allowed_ips[0].remove);
}

TEST(ConfigDiffTest, ReplacesAListThatChangesWholly) {
  DeviceUpdate wanted = SameAs(TwoPeers());
  wanted.peers[0].allowed_ips[0].prefix = *Prefix::Parse("192.168.0.0/16");
  const DeviceUpdate diff = Diff(TwoPeers(), wanted);
  ASSERT_EQ(diff.peers.size(), 1u);
  EXPECT_TRUE(diff.peers[0].replace_allowed_ips);
  ASSERT_EQ(diff.peers[0].allowed_ips.size(), 1u);
}

TEST(ConfigDiffTest, ClearingThePrivateKeyTwiceIsNoChange) {
  DeviceUpdate wanted;
  wanted.private_key.emplace();
  EXPECT_TRUE(IsEmpty(Diff(DeviceStatus{}, wanted)));
  const DeviceUpdate diff = Diff(TwoPeers(), wanted);
  EXPECT_TRUE(diff.private_key && diff.private_key->IsZero());
}

// What a hook or `wg set` has given a peer, and a file does not speak of.
TEST(KeepUnnamedTest, LeavesAloneWhatIsNotNamedOfAPeerThatIsThere) {
  DeviceStatus current = TwoPeers();
  current.peers[0].preshared_key.bytes()[0] = 1;
  current.peers[0].persistent_keepalive_seconds = 25;
  DeviceUpdate wanted;
  wanted.replace_peers = true;
  wanted.peers.push_back({.public_key = current.peers[0].public_key});
  KeepUnnamed(current, &wanted);
  const DeviceUpdate diff = Diff(current, wanted);
  ASSERT_EQ(diff.peers.size(), 1u);
  EXPECT_TRUE(diff.peers[0].remove) << "the second one, which is not listed";
  EXPECT_EQ(diff.peers[0].public_key, current.peers[1].public_key);
}

TEST(KeepUnnamedTest, WhatIsNamedHasTheLastWordAlsoOnThePrefixOfAnotherPeer) {
  DeviceStatus current = TwoPeers();
  current.peers[0].preshared_key.bytes()[0] = 1;
  DeviceUpdate wanted;
  wanted.replace_peers = true;
  PeerUpdate second{.public_key = current.peers[1].public_key, .replace_allowed_ips = true};
  second.allowed_ips = {{current.peers[0].allowed_ips[0], false}};
  wanted.peers = {second, {.public_key = current.peers[0].public_key}};
  wanted.peers[1].preshared_key.emplace();
  KeepUnnamed(current, &wanted);
  const DeviceUpdate diff = Diff(current, wanted);
  ASSERT_EQ(diff.peers.size(), 2u);
  for (const PeerUpdate& peer : diff.peers) {
    const bool is_first = peer.public_key == current.peers[0].public_key;
    EXPECT_EQ(peer.preshared_key.has_value(), is_first);
    EXPECT_EQ(peer.replace_allowed_ips || !peer.allowed_ips.empty(), true);
  }
}

}  // namespace
}  // namespace ringwire
