// The rules of the protocol that implementations have got wrong, as far as they are the control
// plane's. The number is the rule's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "crypto/x25519.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

TEST(Rule01, AResponseThatIsRefusedLeavesTheHandshakeIntact) {
  ControlPair pair;
  const ControlDatagram initiation = pair.TakeInitiation();
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation.bytes);
  ASSERT_EQ(pair.b.sent.size(), 1U);
  const std::vector<uint8_t> genuine = std::exchange(pair.b.sent, {})[0].bytes;

  for (const size_t at : {size_t{12}, size_t{30}, size_t{44}, size_t{59}}) {
    std::vector<uint8_t> forged = genuine;
    forged[at] ^= 1;
    pair.a.HandleDatagram(pair.now, pair.b.AsSource(), forged);
  }
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseInvalid), 4U);
  EXPECT_EQ(pair.slot_in_a().current.load(), nullptr);
  std::vector<uint8_t> misdirected = genuine;
  misdirected[8] ^= 1;
  pair.a.HandleDatagram(pair.now, pair.b.AsSource(), misdirected);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseUnknownIndex), 1U);

  pair.a.HandleDatagram(pair.now, pair.b.AsSource(), genuine);
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr);
  EXPECT_EQ(pair.a.DroppedTotal(), 5U);
  // And a second copy finds no handshake any more.
  pair.a.HandleDatagram(pair.now, pair.b.AsSource(), genuine);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseUnknownIndex), 2U);
}

TEST(Rule04, DataIsAnsweredByOneKeepaliveAfterTenSecondsAndKeepalivesAreNot) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(20));  // whatever the handshake left to be answered
  pair.wire.clear();
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  const Instant sent_at = pair.now;
  pair.Advance(absl::Seconds(60));
  ASSERT_EQ(pair.wire.size(), 2U) << "the data and one keepalive";
  EXPECT_TRUE(pair.wire[1].datagram.IsKeepalive());
  EXPECT_FALSE(pair.wire[1].from_a);
  EXPECT_EQ(pair.wire[1].at, sent_at + kKeepaliveTimeout);
}

TEST(Rule04, DataThatCameMeanwhileGetsOneMoreKeepalive) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(20));
  pair.wire.clear();
  const Instant start = pair.now;
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Advance(absl::Seconds(3));
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Advance(absl::Seconds(60));
  ASSERT_EQ(pair.wire.size(), 4U);
  EXPECT_EQ(pair.wire[2].at, start + kKeepaliveTimeout);
  EXPECT_EQ(pair.wire[3].at, start + 2 * kKeepaliveTimeout);
  EXPECT_TRUE(pair.wire[2].datagram.IsKeepalive() && pair.wire[3].datagram.IsKeepalive());
}

TEST(Rule05, UnansweredDataStartsAHandshakeWhichGivesUpInTheEnd) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(20));
  pair.wire.clear();
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  const Instant sent_at = pair.now;
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Advance(absl::Seconds(14.9));
  EXPECT_EQ(pair.Count(1), 0U);
  pair.Advance(absl::Seconds(0.5));
  ASSERT_EQ(pair.Count(1), 1U);
  EXPECT_GE(pair.wire.back().at - sent_at, kKeepaliveTimeout + kRekeyTimeout);
  EXPECT_LE(pair.wire.back().at - sent_at,
            kKeepaliveTimeout + kRekeyTimeout + kRekeyTimeoutJitterMax);
  pair.Advance(absl::Seconds(200));
  EXPECT_EQ(pair.Count(1), static_cast<size_t>(kMaxHandshakeAttempts));
}

TEST(Rule05, GivingUpDropsWhatWaited) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  for (int i = 0; i < 3; ++i) pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(80));
  EXPECT_FALSE(pair.slot_in_a().staged.empty());
  pair.Advance(absl::Seconds(20));
  EXPECT_TRUE(pair.slot_in_a().staged.empty());
  EXPECT_EQ(pair.a.Dropped(DropReason::kStagedAbandoned), 3U);
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
  EXPECT_GT(pair.a.control->NextDeadline(), pair.now + kRejectAfterTime) << "secrets go later";
  EXPECT_LE(pair.a.control->NextDeadline(), pair.now + kZeroKeysAfterTime);
  // The next packet tries again.
  const size_t before = pair.Count(1);
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_EQ(pair.Count(1), before + 1);
}

TEST(Rule06, OnlyTheInitiatorOfTheSessionRenewsItOnAge) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(kRekeyAfterTime);
  pair.wire.clear();
  ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  pair.Deliver();
  pair.b.Raise(pair.now, pair.slot_in_b(), kRekeyDue);  // even if somebody asked
  pair.Deliver();
  EXPECT_EQ(pair.Count(1), 0U);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(pair.CountFrom(true, 1), 1U);
  EXPECT_EQ(pair.CountFrom(false, 1), 0U);
}

TEST(Rule06, AYoungSessionIsNotRenewed) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(kRekeyAfterTime - absl::Milliseconds(1));
  pair.wire.clear();
  pair.a.Raise(pair.now, pair.slot_in_a(), kRekeyDue);
  pair.Deliver();
  EXPECT_EQ(pair.Count(1), 0U);
}

TEST(Rule06, EitherRoleRenewsAfterTooManyMessages) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(20));
  pair.wire.clear();
  pair.slot_in_b().current.load()->SetSendCounterForTest(kRekeyAfterMessages + 1);
  ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  pair.Deliver();
  EXPECT_EQ(pair.CountFrom(false, 1), 1U);
}

TEST(Rule06, ASessionThatOnlyCarriesKeepalivesIsRenewedToo) {
  ControlPair pair;
  DeviceUpdate update;
  update.peers.push_back(pair.b.AsPeer());
  update.peers[0].persistent_keepalive_seconds = 25;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  pair.Advance(absl::Seconds(1000));
  EXPECT_EQ(pair.CountFrom(true, 1), 9U) << "the first, and one each 125 s";
  EXPECT_EQ(pair.CountFrom(false, 1), 0U);
  EXPECT_TRUE(pair.slot_in_a().current.load()->CanSend(pair.now));
}

TEST(Rule07, OneHandshakeIsUnderWayHoweverOftenItIsAskedFor) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  for (int i = 0; i < 49; ++i) {
    pair.a.Stage(pair.now, pair.slot_in_a());
    pair.a.Raise(pair.now, pair.slot_in_a(), kNeedHandshake | kRekeyDue);
    pair.Advance(absl::Milliseconds(100));
  }
  EXPECT_EQ(pair.Count(1), 1U);
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 1U);
}

TEST(Rule07, ANewDemandDoesNotBringARetryForward) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const Instant retry_at = pair.a.control->NextDeadline();
  ASSERT_GT(retry_at, pair.now + kRekeyTimeout) << "this seed has some jitter";
  pair.a.Stage(retry_at - absl::Nanoseconds(1), pair.slot_in_a());
  EXPECT_EQ(pair.a.sent.size(), 1U);
  EXPECT_EQ(pair.a.control->NextDeadline(), retry_at);
}

TEST(Rule07, RetriesAreSpreadOverTheJitter) {
  std::vector<absl::Duration> waits;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ControlPair pair(seed);
    pair.filter = [](bool, const ControlDatagram&) { return false; };
    pair.a.Stage(pair.now, pair.slot_in_a());
    pair.Advance(absl::Seconds(30));
    for (size_t i = 1; i < pair.wire.size(); ++i) {
      waits.push_back(pair.wire[i].at - pair.wire[i - 1].at);
    }
  }
  ASSERT_GE(waits.size(), 100U);
  const auto [least, most] = std::minmax_element(waits.begin(), waits.end());
  EXPECT_GE(*least, kRekeyTimeout);
  EXPECT_LE(*most, kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_GT(*most - *least, absl::Milliseconds(200)) << "they do not all wait the same";
}

TEST(Rule08, ASessionIsDeadForSendingAt180Seconds) {
  ControlPair pair;
  pair.Connect();
  pair.filter = [](bool, const ControlDatagram& datagram) { return datagram.type() == 4; };
  pair.Advance(kRejectAfterTime - absl::Milliseconds(1));
  EXPECT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.filter = nullptr;
  pair.wire.clear();
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(6));
  EXPECT_GE(pair.Count(1), 1U);
  EXPECT_TRUE(pair.slot_in_a().staged.empty()) << "the packet went out under the new session";
}

TEST(Rule09, EveryInitiationHasAnIndexOfItsOwnAndAReplacedOneIsFreed) {
  ControlPair pair;
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(60));
  std::vector<uint32_t> indices;
  for (const ControlPair::Seen& seen : pair.wire) {
    const auto message = LoadMessage<InitiationMessage>(seen.datagram.bytes);
    indices.push_back(LoadLe32(message.sender_index));
  }
  ASSERT_GE(indices.size(), 10U);
  std::sort(indices.begin(), indices.end());
  EXPECT_EQ(std::adjacent_find(indices.begin(), indices.end()), indices.end());
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 1U);
}

// The points of small order in the encodings that X25519 accepts (RFC 7748 §6.1).
std::vector<crypto::PublicKey> LowOrderPoints() {
  std::vector<crypto::PublicKey> points(4);
  points[1][0] = 1;
  points[2].fill(0xff);
  points[2][0] = 0xec;
  points[2][31] = 0x7f;  // p - 1
  points[3] = points[2];
  points[3][0] = 0xed;  // p
  return points;
}

TEST(Rule13, AnInitiationWithALowOrderEphemeralIsRefused) {
  for (const crypto::PublicKey& point : LowOrderPoints()) {
    ControlPair pair;
    std::vector<uint8_t> bytes = pair.TakeInitiation().bytes;
    std::copy(point.begin(), point.end(), bytes.begin() + 8);
    pair.b.HandleDatagram(pair.now, pair.a.AsSource(), bytes);
    EXPECT_EQ(pair.b.Dropped(DropReason::kZeroSharedSecret), 1U);
    EXPECT_TRUE(pair.b.sent.empty());
  }
}

TEST(Rule13, NothingIsEverSentToAPeerWithALowOrderKey) {
  for (const crypto::PublicKey& point : LowOrderPoints()) {
    ControlPair pair;
    DeviceUpdate update;
    PeerUpdate& peer = update.peers.emplace_back();
    peer.public_key = point;
    peer.endpoint = pair.b.address;
    peer.persistent_keepalive_seconds = 1;
    peer.allowed_ips.push_back({*Prefix::Parse("10.9.0.0/16")});
    ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
    PeerSlot& slot = *pair.a.shared->allowed_ips.Lookup(*IpAddress::Parse("10.9.0.1"));
    pair.a.Stage(pair.now, slot);
    pair.Advance(absl::Seconds(60));
    EXPECT_TRUE(pair.wire.empty());
    EXPECT_TRUE(slot.staged.empty());
    EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
  }
}

TEST(Rule14, TwoCopiesOfOneInitiationGiveOneResponse) {
  ControlPair pair;
  const ControlDatagram initiation = pair.TakeInitiation();
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation.bytes);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation.bytes);
  pair.b.Receive(pair.now + absl::Seconds(1), pair.a.AsSource(), initiation.bytes);
  EXPECT_EQ(pair.b.sent.size(), 1U);
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 2U);
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 1U);
}

TEST(Rule15, APresharedKeyReachesTheNextHandshakeAndTheSessionLives) {
  ControlPair pair;
  pair.Connect();
  const Keypair* const session = pair.slot_in_a().current.load();
  crypto::PresharedKey key;
  pair.a.random.Fill(key.bytes());
  DeviceUpdate for_a;
  for_a.peers.push_back(pair.b.AsPeer(false));
  for_a.peers[0].preshared_key = key;
  ASSERT_TRUE(pair.a.Apply(pair.now, for_a).ok());
  EXPECT_EQ(pair.slot_in_a().current.load(), session);
  const size_t received = pair.b.data_received;
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(pair.b.data_received, received + 1);

  // Only one side has it: the next handshake fails, and the old session is still there.
  pair.Advance(kRekeyAfterTime);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseInvalid), 1U);
  EXPECT_EQ(pair.slot_in_a().current.load(), session);
  // Both have it: the retry succeeds.
  DeviceUpdate for_b;
  for_b.peers.push_back(pair.a.AsPeer(false));
  for_b.peers[0].preshared_key = key;
  ASSERT_TRUE(pair.b.Apply(pair.now, for_b).ok());
  pair.Advance(absl::Seconds(6));
  EXPECT_NE(pair.slot_in_a().current.load(), session);
}

TEST(Rule16, ANewPrivateKeyDropsThePeerThatItIsAndExpiresSending) {
  ControlPair pair;
  pair.Connect();
  const crypto::PrivateKey fresh = crypto::GeneratePrivateKey(pair.a.random);
  DeviceUpdate itself;
  PeerUpdate& self = itself.peers.emplace_back();
  self.public_key = crypto::PublicFromPrivate(fresh);
  self.allowed_ips.push_back({*Prefix::Parse("10.9.0.0/16")});
  ASSERT_TRUE(pair.a.Apply(pair.now, itself).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 2U);

  DeviceUpdate update;
  update.private_key = fresh;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  EXPECT_EQ(pair.a.control->peer_count(), 1U);
  EXPECT_EQ(pair.a.shared->allowed_ips.Lookup(*IpAddress::Parse("10.9.0.1")), nullptr);
  EXPECT_FALSE(pair.a.SendData(pair.now, pair.slot_in_a()));
  EXPECT_TRUE(pair.slot_in_a().current.load()->CanReceive(pair.now));
  // B does not know the new key; once it does, a handshake starts with the next packet.
  DeviceUpdate for_b;
  PeerUpdate& peer = for_b.peers.emplace_back(pair.a.AsPeer());
  peer.public_key = self.public_key;
  ASSERT_TRUE(pair.b.Apply(pair.now, for_b).ok());
  const size_t received = pair.b.data_received;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_EQ(pair.b.data_received, received + 1) << "ss was computed afresh";
}

TEST(Rule16, ANewPrivateKeyEndsHandshakesUnderWay) {
  ControlPair pair;
  const ControlDatagram initiation = pair.TakeInitiation();
  DeviceUpdate update;
  update.private_key = crypto::GeneratePrivateKey(pair.a.random);
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation.bytes);
  ASSERT_EQ(pair.b.sent.size(), 1U);
  pair.a.HandleDatagram(pair.now, pair.b.AsSource(), pair.b.sent[0].bytes);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseUnknownIndex), 1U);
}

TEST(Rule16, SettingTheSameKeyAgainChangesNothing) {
  ControlPair pair;
  pair.Connect();
  const Keypair* const session = pair.slot_in_a().current.load();
  const CookieChecker* const checker = pair.a.shared->cookie_checker.load();
  DeviceUpdate update;
  update.private_key = pair.a.private_key;
  ASSERT_TRUE(pair.a.Apply(pair.now, update).ok());
  EXPECT_EQ(pair.slot_in_a().current.load(), session);
  EXPECT_EQ(pair.a.shared->cookie_checker.load(), checker);
  EXPECT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
}

TEST(Rule17, WhoHasJustAnsweredDoesNotInitiateForFiveSeconds) {
  ControlPair pair;
  const ControlDatagram initiation = pair.TakeInitiation();
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation.bytes);
  pair.b.sent.clear();  // the response is lost
  pair.filter = [](bool, const ControlDatagram&) { return false; };
  pair.b.Stage(pair.now, pair.slot_in_b());
  EXPECT_TRUE(pair.b.sent.empty());
  pair.Advance(kRekeyTimeout - absl::Milliseconds(1));
  EXPECT_EQ(pair.CountFrom(false, 1), 0U);
  pair.Advance(absl::Milliseconds(1));
  EXPECT_EQ(pair.CountFrom(false, 1), 1U) << "and then it does, because a packet still waits";
}

}  // namespace
}  // namespace ringwire
