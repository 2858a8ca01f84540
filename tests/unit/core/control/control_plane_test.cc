#include "core/control/control_plane.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/wire/constants.h"
#include "crypto/x25519.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

DeviceUpdate UpdateOf(PeerUpdate peer) {
  DeviceUpdate update;
  update.peers.push_back(std::move(peer));
  return update;
}

PeerUpdate Removal(const ControlNode& node) {
  PeerUpdate peer;
  peer.public_key = node.public_key;
  peer.remove = true;
  return peer;
}

// -- configuration

TEST(ControlPlaneTest, StatusShowsWhatWasSet) {
  ControlPair pair;
  DeviceUpdate update;
  update.listen_port = 4711;
  update.fwmark = 7;
  PeerUpdate& peer = update.peers.emplace_back(pair.b.AsPeer());
  pair.a.random.Fill(peer.preshared_key.emplace().bytes());
  peer.name = "office";
  peer.persistent_keepalive_seconds = 33;
  peer.allowed_ips.push_back({*Prefix::Parse("2001:db8::/32")});
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  const DeviceStatus status = pair.a.control->Status(pair.now, pair.a.WallAt(pair.now));
  EXPECT_TRUE(status.private_key == pair.a.private_key);
  EXPECT_EQ(status.public_key, pair.a.public_key);
  EXPECT_EQ(status.listen_port, 4711);
  EXPECT_EQ(status.fwmark, 7U);
  ASSERT_EQ(status.peers.size(), 1U);
  EXPECT_EQ(status.peers[0].public_key, pair.b.public_key);
  EXPECT_TRUE(status.peers[0].preshared_key == *peer.preshared_key);
  EXPECT_EQ(status.peers[0].name, "office");
  EXPECT_EQ(status.peers[0].endpoint, pair.b.address);
  EXPECT_EQ(status.peers[0].persistent_keepalive_seconds, 33);
  EXPECT_EQ(status.peers[0].allowed_ips,
            (std::vector<Prefix>{*Prefix::Parse("10.0.0.2"), *Prefix::Parse("2001:db8::/32")}));
  EXPECT_EQ(status.peers[0].last_handshake, std::nullopt);
  EXPECT_EQ(status.peers[0].transport_suite, "");
}

TEST(ControlPlaneTest, ListsPeersInPieces) {
  ControlPair pair;
  DeviceUpdate update;
  for (uint8_t i = 1; i < 10; ++i) update.peers.emplace_back().public_key[0] = i;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  EXPECT_TRUE(pair.a.control->StatusWithoutPeers(pair.now).peers.empty());
  std::vector<PeerStatus> listed;
  size_t cursor = 0;
  bool more = true;
  while (more) {
    const size_t before = listed.size();
    more = pair.a.control->ListPeers(pair.now, 3, &cursor, &listed);
    EXPECT_LE(listed.size() - before, 3U);
  }
  const std::vector<PeerStatus> all =
      pair.a.control->Status(pair.now, pair.a.WallAt(pair.now)).peers;
  ASSERT_EQ(all.size(), 10U);
  ASSERT_EQ(listed.size(), 10U);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(listed[i].public_key, all[i].public_key);
}

TEST(ControlPlaneTest, StatusShowsTheSessionWithItsWallClockTime) {
  ControlPair pair;
  pair.Connect();
  const PeerStatus in_a = pair.a.StatusOf(pair.b, pair.now);
  EXPECT_EQ(in_a.last_handshake, pair.a.WallAt(pair.now));
  EXPECT_EQ(in_a.transport_suite, "ChaCha20-Poly1305");
  EXPECT_EQ(pair.b.StatusOf(pair.a, pair.now).last_handshake, pair.b.WallAt(pair.now));
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now + kRejectAfterTime).transport_suite, "");
}

TEST(ControlPlaneTest, APrivateKeyIsShownClamped) {
  ControlPair pair;
  DeviceUpdate update;
  update.private_key.emplace();
  for (uint8_t& byte : update.private_key->bytes()) byte = 0xff;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  const DeviceStatus status = pair.a.control->Status(pair.now, pair.a.WallAt(pair.now));
  EXPECT_EQ(status.private_key->bytes()[0], 0xf8);
  EXPECT_EQ(status.private_key->bytes()[31], 0x7f);
}

TEST(ControlPlaneTest, AWrongChangeChangesNothingAtAll) {
  ControlPair pair;
  DeviceUpdate update;
  update.private_key = crypto::GeneratePrivateKey(pair.a.random);
  update.listen_port = 1;
  update.replace_peers = true;
  PeerUpdate& peer = update.peers.emplace_back(pair.b.AsPeer());
  Prefix bad = *Prefix::Parse("10.1.0.0/16");
  bad.length = 33;
  peer.allowed_ips.push_back({bad});
  EXPECT_EQ(pair.a.Apply(pair.now, update).code(), absl::StatusCode::kInvalidArgument);
  bad.length = 8;  // host bits remain
  peer.allowed_ips.back().prefix = bad;
  EXPECT_EQ(pair.a.Apply(pair.now, update).code(), absl::StatusCode::kInvalidArgument);
  peer.allowed_ips.clear();
  peer.endpoint = SocketAddress();
  EXPECT_EQ(pair.a.Apply(pair.now, update).code(), absl::StatusCode::kInvalidArgument);
  const DeviceStatus status = pair.a.control->Status(pair.now, pair.a.WallAt(pair.now));
  EXPECT_EQ(status.public_key, pair.a.public_key);
  EXPECT_EQ(status.listen_port, 0);
  EXPECT_NE(pair.a.SlotOf(pair.b), nullptr);
}

TEST(ControlPlaneTest, UpdateOnlyCreatesNoPeer) {
  ControlPair pair;
  PeerUpdate peer;
  peer.public_key[3] = 9;
  peer.update_only = true;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 1U);
  peer = pair.b.AsPeer();
  peer.update_only = true;
  peer.name = "known";
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).name, "known");
}

TEST(ControlPlaneTest, AbsentFieldsStayAsTheyAre) {
  ControlPair pair;
  PeerUpdate full = pair.b.AsPeer();
  full.persistent_keepalive_seconds = 21;
  full.name = "b";
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(full)).ok());
  PeerUpdate empty;
  empty.public_key = pair.b.public_key;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(empty)).ok());
  const PeerStatus status = pair.a.StatusOf(pair.b, pair.now);
  EXPECT_EQ(status.endpoint, pair.b.address);
  EXPECT_EQ(status.persistent_keepalive_seconds, 21);
  EXPECT_EQ(status.name, "b");
  EXPECT_EQ(status.allowed_ips.size(), 1U);
}

TEST(ControlPlaneTest, AllowedIpsAreAddedRemovedAndReplacedInOrder) {
  ControlPair pair;
  PeerUpdate peer = pair.b.AsPeer();
  peer.allowed_ips = {{*Prefix::Parse("10.1.0.0/16")}, {*Prefix::Parse("10.0.0.2"), true}};
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).allowed_ips,
            (std::vector<Prefix>{*Prefix::Parse("10.1.0.0/16")}));
  peer.replace_allowed_ips = true;
  peer.allowed_ips = {{*Prefix::Parse("10.2.0.0/16")}};
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  EXPECT_EQ(pair.a.shared->allowed_ips.Lookup(*IpAddress::Parse("10.1.0.1")), nullptr);
  EXPECT_NE(pair.a.shared->allowed_ips.Lookup(*IpAddress::Parse("10.2.0.1")), nullptr);
}

// Trap 7 of the control socket.
TEST(ControlPlaneTest, TheOwnKeyAsAPeerIsAcceptedAndCreatesNothing) {
  ControlPair pair;
  PeerUpdate self = pair.a.AsPeer();
  self.persistent_keepalive_seconds = 1;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(self)).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 1U);
  EXPECT_EQ(pair.a.shared->allowed_ips.Lookup(pair.a.inner_address), nullptr);
  EXPECT_TRUE(pair.a.sent.empty());
  // Also when the key comes with it.
  const crypto::PrivateKey fresh = crypto::GeneratePrivateKey(pair.a.random);
  self.public_key = crypto::PublicFromPrivate(fresh);
  DeviceUpdate update = UpdateOf(self);
  update.private_key = fresh;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 1U);
}

// Trap 8 of the control socket.
TEST(ControlPlaneTest, ANewPeerStartsWhenItsWholeBlockHasTakenEffect) {
  ControlPair pair;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(Removal(pair.b))).ok());
  crypto::PresharedKey key;
  pair.a.random.Fill(key.bytes());
  PeerUpdate for_b = pair.a.AsPeer();
  for_b.preshared_key = key;
  ASSERT_TRUE(pair.b.Apply(pair.now, UpdateOf(for_b)).ok());
  // In two blocks of one change, the keepalive before all that it needs.
  DeviceUpdate update;
  PeerUpdate& first = update.peers.emplace_back();
  first.public_key = pair.b.public_key;
  first.persistent_keepalive_seconds = 25;
  PeerUpdate& second = update.peers.emplace_back(pair.b.AsPeer());
  second.preshared_key = key;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  ASSERT_EQ(pair.a.sent.size(), 1U) << "a handshake for the keepalive, once";
  pair.Deliver();
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr) << "with the preshared key";
  EXPECT_TRUE(pair.wire.back().datagram.IsKeepalive());
}

TEST(ControlPlaneTest, ReplacePeersStartsAfreshAlsoForAPeerListedAgain) {
  ControlPair pair;
  pair.Connect();
  const PeerId old = pair.slot_in_a().id;
  DeviceUpdate update = UpdateOf(pair.b.AsPeer());
  update.replace_peers = true;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 1U);
  EXPECT_NE(pair.slot_in_a().id, old);
  EXPECT_EQ(pair.slot_in_a().current.load(), nullptr);
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).transmit_bytes, 0U);
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
}

TEST(ControlPlaneTest, ARemovedPeerIsGoneAtOnceWithAllThatWasItsOwn) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(kRekeyTimeout);
  pair.slot_in_a().current.load()->ExpireSending();
  pair.a.Stage(pair.now, pair.slot_in_a());  // a handshake under way and a packet that waits
  const PeerId id = pair.slot_in_a().id;
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 2U);
  EXPECT_GT(pair.a.shared->staged_pool.used(), 0U);

  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(Removal(pair.b))).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 0U);
  EXPECT_EQ(pair.a.SlotOf(pair.b), nullptr);
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
  EXPECT_EQ(pair.a.shared->staged_pool.used(), 0U);
  EXPECT_EQ(pair.a.shared->quiescence.retired_count(), 0U);
  EXPECT_TRUE(pair.a.control->NextDeadline().IsInfiniteFuture());
  // An event that was under way finds nobody, also after the place is taken again.
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(pair.b.AsPeer())).ok());
  ControlOutput out;
  pair.a.control->HandleEvent(pair.now, pair.a.WallAt(pair.now), DataEvent{id, kSourceUnusable},
                              &out);
  EXPECT_TRUE(out.datagrams.empty());
}

TEST(ControlPlaneTest, AWorkerMayStillHoldARemovedPeerUntilItIsDone) {
  ControlPair pair;
  QuiescenceDomain::Reader* const reader = pair.a.shared->quiescence.AddReader();
  pair.Connect();
  reader->Online();
  PeerSlot* const slot = pair.a.SlotOf(pair.b);
  Keypair* const session = slot->current.load();
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(Removal(pair.b))).ok());
  EXPECT_EQ(slot->current.load(), nullptr);
  EXPECT_EQ(slot->endpoint.load(), nullptr);
  EXPECT_EQ(session->peer(), slot) << "still there to be looked at";
  EXPECT_LE(pair.a.control->NextDeadline(), pair.now + absl::Seconds(1));
  reader->Offline();
  pair.a.RunTimers(pair.now + absl::Seconds(1));
  EXPECT_EQ(pair.a.shared->quiescence.retired_count(), 0U);
  EXPECT_TRUE(pair.a.control->NextDeadline().IsInfiniteFuture());
}

TEST(ControlPlaneTest, AFlushUnderWayKeepsARemovedPeersSlotAlive) {
  ControlPair pair;
  pair.Connect();
  ASSERT_TRUE(pair.slot_in_a().staged.Push(std::vector<uint8_t>(84)).stored);
  pair.slot_in_a().pending_events.store(kNeedHandshake);
  ControlOutput out;
  pair.a.control->HandleAllEvents(pair.now, pair.a.WallAt(pair.now), &out);
  ASSERT_EQ(out.flush_staged.size(), 1U);
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(Removal(pair.b))).ok());
  EXPECT_TRUE(out.flush_staged[0].peer->staged.empty());
  EXPECT_EQ(out.flush_staged[0].peer.use_count(), 1);
}

TEST(ControlPlaneTest, WithoutAPrivateKeyNothingIsSentOrAccepted) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<ControlDatagram> initiation = std::exchange(pair.a.sent, {});
  DeviceUpdate clear;
  clear.private_key.emplace();
  ASSERT_TRUE(pair.b.Apply(pair.now, clear).ok());
  EXPECT_EQ(pair.b.shared->cookie_checker.load(), nullptr);
  EXPECT_EQ(pair.b.control->Status(pair.now, pair.b.WallAt(pair.now)).private_key, std::nullopt);
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), initiation.at(0).bytes);
  EXPECT_EQ(pair.b.Dropped(DropReason::kNoPrivateKey), 1U);
  pair.b.Stage(pair.now, pair.slot_in_b());
  EXPECT_TRUE(pair.b.sent.empty());
  // With a key, what has waited goes out.
  DeviceUpdate set;
  set.private_key = pair.b.private_key;
  ASSERT_TRUE(pair.b.Apply(pair.now, set).ok());
  pair.Deliver();
  EXPECT_EQ(pair.a.data_received, 1U);
}

TEST(ControlPlaneTest, PersistentKeepalivesBeginWithTheFirstPrivateKey) {
  ControlPair pair;
  DeviceUpdate update = UpdateOf(pair.b.AsPeer());
  update.private_key.emplace();
  update.peers[0].persistent_keepalive_seconds = 25;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  pair.Advance(absl::Seconds(60));
  EXPECT_TRUE(pair.wire.empty());
  DeviceUpdate with_key;
  with_key.private_key = pair.a.private_key;
  ASSERT_TRUE(pair.a.Apply(pair.now, with_key).ok());
  pair.Advance(absl::ZeroDuration());
  EXPECT_EQ(pair.CountFrom(true, 1), 1U);
}

TEST(ControlPlaneTest, TheCookieSecretRotatesAndTheOneBeforeStaysValid) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<uint8_t> initiation = pair.a.sent.at(0).bytes;
  CookieGenerator client(pair.b.public_key);
  std::vector<uint8_t> message = initiation;
  client.AddMacs(message, pair.now);
  const CookieReplyMessage reply =
      pair.b.shared->cookie_checker.load()->CreateReply(message, pair.a.address, pair.b.random);
  ASSERT_TRUE(client.ConsumeReply(reply, pair.now));
  client.AddMacs(message, pair.now);

  for (const bool valid : {true, false}) {
    pair.now = pair.now + kCookieSecretMaxAge;
    const CookieChecker* const before = pair.b.shared->cookie_checker.load();
    pair.b.HandleDatagram(pair.now, pair.a.AsSource(), std::vector<uint8_t>(64, 1));
    EXPECT_NE(pair.b.shared->cookie_checker.load(), before);
    EXPECT_EQ(pair.b.shared->cookie_checker.load()->IsMac2Valid(message, pair.a.address), valid);
  }
  EXPECT_TRUE(pair.b.control->NextDeadline().IsInfiniteFuture()) << "no timer for it";
}

// -- link

TEST(ControlPlaneTest, LinkDownEndsEverythingAndRefusesWhatComes) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(kRekeyTimeout);
  pair.slot_in_a().current.load()->ExpireSending();
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<ControlDatagram> initiation = std::exchange(pair.a.sent, {});
  pair.a.SetLinkUp(pair.now, false);
  EXPECT_FALSE(pair.a.shared->device_up.load());
  EXPECT_EQ(pair.slot_in_a().current.load(), nullptr);
  EXPECT_TRUE(pair.slot_in_a().staged.empty());
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
  EXPECT_TRUE(pair.a.control->NextDeadline().IsInfiniteFuture());
  pair.b.SetLinkUp(pair.now, false);
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), initiation.at(0).bytes);
  EXPECT_EQ(pair.b.Dropped(DropReason::kDeviceDown), 1U);
  pair.a.Raise(pair.now, pair.slot_in_a(), kNeedHandshake | kActivity);
  EXPECT_TRUE(pair.a.sent.empty());
  // Up again: the next packet may initiate at once.
  pair.a.SetLinkUp(pair.now, true);
  pair.b.SetLinkUp(pair.now, true);
  pair.Connect();
}

TEST(ControlPlaneTest, PersistentKeepalivesBeginWithTheLinkAndKeepTheirInterval) {
  ControlPair pair;
  pair.a.SetLinkUp(pair.now, false);
  PeerUpdate peer = pair.b.AsPeer();
  peer.persistent_keepalive_seconds = 10;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  EXPECT_TRUE(pair.a.sent.empty()) << "not while the link is down";
  pair.a.SetLinkUp(pair.now, true);
  pair.Deliver();
  ASSERT_EQ(pair.wire.size(), 3U) << "handshake and confirmation";
  pair.wire.clear();
  pair.Advance(absl::Seconds(60));
  EXPECT_EQ(pair.CountFrom(true, 4), 6U);
  EXPECT_EQ(pair.CountFrom(false, 4), 0U) << "nobody answers a keepalive";
  peer.persistent_keepalive_seconds = 0;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  pair.wire.clear();
  pair.Advance(absl::Seconds(60));
  EXPECT_TRUE(pair.wire.empty());
}

TEST(ControlPlaneTest, APersistentKeepaliveSetWhileUpGoesOutAtOnce) {
  ControlPair pair;
  pair.Connect();
  pair.wire.clear();
  pair.Advance(absl::Seconds(30));
  pair.wire.clear();
  PeerUpdate peer = pair.b.AsPeer();
  peer.persistent_keepalive_seconds = 100;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  pair.Deliver();
  ASSERT_EQ(pair.wire.size(), 1U);
  EXPECT_TRUE(pair.wire[0].datagram.IsKeepalive());
}

TEST(ControlPlaneTest, AKeepaliveWaitsForAnEndpointAndThenStarts) {
  ControlPair pair(1, false);
  PeerUpdate peer = pair.a.AsPeer(false);
  peer.persistent_keepalive_seconds = 5;
  ASSERT_TRUE(pair.b.Apply(pair.now, UpdateOf(peer)).ok());
  pair.Advance(absl::Seconds(60));
  EXPECT_TRUE(pair.wire.empty());
  ASSERT_TRUE(pair.b.Apply(pair.now, UpdateOf(pair.a.AsPeer())).ok());
  pair.Deliver();
  EXPECT_EQ(pair.CountFrom(false, 1), 1U);
}

TEST(ControlPlaneTest, PersistentKeepaliveTriesForEverAgainstASilentPeer) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  PeerUpdate peer = pair.b.AsPeer();
  peer.persistent_keepalive_seconds = 25;
  ASSERT_TRUE(pair.a.Apply(pair.now, UpdateOf(peer)).ok());
  pair.Advance(absl::Seconds(1000));
  EXPECT_GT(pair.Count(1), 100U);
  pair.filter = nullptr;
  pair.Advance(absl::Seconds(30));
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr);
}

TEST(ControlPlaneTest, MtuIsPublished) {
  ControlPair pair;
  pair.a.control->SetMtu(9000);
  EXPECT_EQ(pair.a.shared->mtu.load(), 9000U);
  pair.a.control->SetListenPort(1234);
  EXPECT_EQ(pair.a.control->Status(pair.now, pair.a.WallAt(pair.now)).listen_port, 1234);
}

}  // namespace
}  // namespace ringwire
