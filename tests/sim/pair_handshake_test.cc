// Two gateways and their handshakes: lost, forged, replayed or changed messages may prevent a
// session, but never lock a peer out.

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/support/pair.h"

namespace ringwire {
namespace {

// Loses the first datagram of this type, from either side.
auto LoseFirst(uint32_t type) {
  return [type, lost = false](bool /*from_a*/, Datagram* datagram) mutable {
    if (lost || datagram->bytes[0] != type) return true;
    lost = true;
    return false;
  };
}
bool LoseEverything(bool /*from_a*/, Datagram* /*datagram*/) { return false; }

size_t CountWarnings(const std::vector<Notice>& notices) {
  return static_cast<size_t>(std::ranges::count_if(
      notices, [](const Notice& notice) { return notice.level == Notice::Level::kWarning; }));
}

// An update that gives the only peer of `node` another preshared key.
DeviceUpdate SetPsk(const crypto::PublicKey& peer, uint8_t fill) {
  PeerUpdate update;
  update.public_key = peer;
  update.update_only = true;
  update.preshared_key.emplace();
  std::ranges::fill(update.preshared_key->bytes(), fill);
  DeviceUpdate device;
  device.peers.push_back(update);
  return device;
}

TEST(LostMessages, ALostInitiationIsSentAgain) {
  Pair pair;
  pair.set_filter(LoseFirst(kMessageInitiation));
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
}

TEST(LostMessages, TheNextInitiationReplacesALostResponse) {
  Pair pair;
  pair.set_filter(LoseFirst(kMessageResponse));
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
  EXPECT_TRUE(pair.SendFromB());
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
  // An unconfirmed session is not kept beside the confirmed one.
  EXPECT_EQ(pair.b().shared().index_table.reserved_count(), 1u);
}

TEST(LostMessages, TheNextPacketReplacesALostConfirmation) {
  Pair pair;
  pair.set_filter(LoseFirst(kMessageTransport));
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_FALSE(pair.SendFromB());  // staged: the session awaits its confirmation
  pair.Advance(absl::Seconds(1));
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_EQ(pair.a().TakeDelivered().size(), 1u);
  EXPECT_TRUE(pair.SendFromB());
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
}

TEST(LostMessages, AConfirmationFromAnotherPortConfirmsAndMovesTheEndpoint) {
  Pair pair;
  pair.set_filter([&pair](bool from_a, Datagram* datagram) {
    // The NAT in front of A gives it another port between the two.
    if (from_a && datagram->bytes[0] == kMessageTransport) pair.address_a.port = 40000;
    return true;
  });
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
}

TEST(Rule1, AResponseWithAnyCoveredBitFlippedLeavesTheHandshakePending) {
  Pair pair;
  Bytes genuine;
  pair.set_filter([&](bool, Datagram* datagram) {
    if (datagram->bytes[0] != kMessageResponse) return true;
    genuine = datagram->bytes;
    return false;
  });
  EXPECT_FALSE(pair.SendFromA());
  ASSERT_EQ(genuine.size(), sizeof(ResponseMessage));
  pair.set_filter(nullptr);
  for (size_t at = 12; at < 60; ++at) {  // the ephemeral key and the sealed nothing
    Bytes forged = genuine;
    forged[at] ^= static_cast<uint8_t>(1u << (at % 7));
    CookieGenerator(pair.a().public_key()).AddMacs(forged, pair.now());
    pair.a().FromWire(pair.now(), pair.FromB(), forged);
  }
  EXPECT_EQ(pair.a().Dropped(DropReason::kResponseInvalid), 48u);
  pair.a().FromWire(pair.now(), pair.FromB(), genuine);
  pair.Deliver();
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
}

TEST(Rule9, EveryHandshakeHasAnIndexOfItsOwnThatIsFreedWhenItIsReplaced) {
  Pair pair;
  pair.set_filter(LoseEverything);
  pair.SendFromA();
  pair.Advance(absl::Seconds(60));
  std::vector<uint32_t> indices;
  for (const Pair::Seen& seen : pair.wiretap()) {
    indices.push_back(LoadLe32(seen.datagram.bytes.data() + 4));
  }
  ASSERT_GE(indices.size(), 10u);
  std::ranges::sort(indices);
  EXPECT_EQ(std::ranges::adjacent_find(indices), indices.end());
  EXPECT_EQ(pair.a().shared().index_table.reserved_count(), 1u);
}

TEST(Rule11, ACookieIsAskedForUnderLoadAndTheRetryShowsIt) {
  Pair pair;
  pair.b().shared().under_load_until_ns.store((pair.now() + absl::Minutes(1)).nanoseconds());
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(pair.CountOnWire(kMessageCookieReply), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 0u);
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
  EXPECT_EQ(pair.CountOnWire(kMessageCookieReply), 1u);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
}

TEST(Rule11, ACookieIsInvalidFromAnotherPort) {
  Pair pair;
  pair.b().shared().under_load_until_ns.store((pair.now() + absl::Minutes(1)).nanoseconds());
  EXPECT_FALSE(pair.SendFromA());
  pair.address_a.port = 51821;  // the NAT has changed the mapping
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.CountOnWire(kMessageCookieReply), 2u);
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 0u);
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
}

TEST(Rule14, TwoCopiesOfAnInitiationGetOneResponse) {
  Pair pair;
  pair.b().set_hold_control(true);  // so that both are queued before either is handled
  EXPECT_FALSE(pair.SendFromA());
  const Bytes initiation = pair.LastOnWire(kMessageInitiation)->datagram.bytes;
  pair.b().FromWire(pair.now(), pair.FromA(), initiation);
  pair.b().set_hold_control(false);
  pair.Advance(absl::ZeroDuration());
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 1u);
  EXPECT_EQ(pair.b().Dropped(DropReason::kInitiationReplayed), 1u);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
}

TEST(Rule15, ANewPresharedKeyWaitsForTheNextHandshake) {
  Pair pair({.preshared_key = true});
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.a().Apply(pair.now(), SetPsk(pair.b().public_key(), 0x77)).ok());
  ASSERT_TRUE(pair.b().Apply(pair.now(), SetPsk(pair.a().public_key(), 0x77)).ok());
  pair.ClearWiretap();
  for (int second = 0; second < 200; ++second) {
    ASSERT_TRUE(pair.SendFromA()) << second;
    ASSERT_TRUE(pair.SendFromB()) << second;
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
}

TEST(Rule15, PresharedKeysThatDifferEndAtTheNextHandshakeAndHealWithoutARestart) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.a().Apply(pair.now(), SetPsk(pair.b().public_key(), 0x77)).ok());
  pair.Advance(absl::Seconds(100));
  EXPECT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(100));
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(absl::Seconds(10));
  EXPECT_GE(pair.a().Dropped(DropReason::kResponseInvalid), 1u);
  ASSERT_TRUE(pair.b().Apply(pair.now(), SetPsk(pair.a().public_key(), 0x77)).ok());
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
}

TEST(Rule16, ANewPrivateKeySendsNothingUnderOldKeys) {
  Pair pair({.b_knows_endpoint = true});
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  const crypto::PublicKey old_public_key = pair.a().public_key();
  DeviceUpdate update;
  update.private_key = Node(77).private_key();
  ASSERT_TRUE(pair.a().Apply(pair.now(), update).ok());
  ASSERT_NE(pair.a().public_key(), old_public_key);
  // B does not know yet and still sends: A opens its packets.
  EXPECT_TRUE(pair.SendFromB());
  pair.ClearWiretap();
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(pair.CountOnWire(kMessageTransport), 0u);
  EXPECT_EQ(pair.b().Dropped(DropReason::kUnknownPeer), 1u);

  DeviceUpdate replace;
  replace.replace_peers = true;
  replace.peers.push_back(pair.PeerAsSeenBy(pair.b()));
  ASSERT_TRUE(pair.b().Apply(pair.now(), replace).ok());
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
}

TEST(Rule16, TheSamePrivateKeyAgainChangesNothing) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  DeviceUpdate update;
  update.private_key = pair.a().private_key();
  pair.ClearWiretap();
  ASSERT_TRUE(pair.a().Apply(pair.now(), update).ok());
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 0u);
}

TEST(Rule16, APeerThatIsOurselvesNowIsDropped) {
  Pair pair;
  DeviceUpdate update;
  update.private_key = pair.b().private_key();
  ASSERT_TRUE(pair.a().Apply(pair.now(), update).ok());
  EXPECT_EQ(pair.a().control().peer_count(), 0u);
}

TEST(Rule19, AClockSetBackIsReportedOnceAndDoesNotLockOut) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.a().TakeNotices();
  pair.a().set_wall_at_boot(absl::FromUnixSeconds(1'800'000'000) - absl::Hours(24));
  size_t warnings = 0;
  for (int minute = 0; minute < 10; ++minute) {
    pair.Advance(absl::Minutes(1));
    EXPECT_TRUE(pair.SendFromA()) << minute;
    warnings += CountWarnings(pair.a().TakeNotices());
  }
  EXPECT_EQ(warnings, 1u);
}

TEST(Rule19, AHostThatComesBackWithAnOldClockIsNamedOnce) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.b().TakeNotices();
  pair.a().set_wall_at_boot(absl::FromUnixSeconds(1'800'000'000) - absl::Hours(24));
  pair.RestartA();
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(absl::Seconds(30));
  EXPECT_GE(pair.b().Dropped(DropReason::kInitiationReplayed), 5u);
  const std::vector<Notice> notices = pair.b().TakeNotices();
  EXPECT_EQ(CountWarnings(notices), 1u);
  const auto warning = std::ranges::find(notices, Notice::Level::kWarning, &Notice::level);
  ASSERT_NE(warning, notices.end());
  EXPECT_NE(warning->text.find("forget"), std::string::npos) << warning->text;  // the way out

  EXPECT_TRUE(pair.b().control().ForgetStamp(pair.a().public_key()));
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_TRUE(pair.SendFromA());
}

TEST(Rule20, ACapturedInitiationIsRefusedAlsoAfterARestart) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  const Bytes captured = pair.LastOnWire(kMessageInitiation)->datagram.bytes;
  pair.Advance(absl::Seconds(10));
  pair.RestartB();
  pair.ClearWiretap();
  pair.b().FromWire(pair.now(), pair.FromA(), captured);
  pair.Deliver();
  EXPECT_TRUE(pair.wiretap().empty());
  EXPECT_EQ(pair.b().Dropped(DropReason::kInitiationReplayed), 1u);
  // The restored stamp refuses it.
  pair.RestartB(/*with_stamps=*/false);
  pair.b().FromWire(pair.now(), pair.FromA(), captured);
  pair.Deliver();
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 1u);
}

TEST(Restart, TheInitiatorNoticesTheRespondersRestartByItsSilence) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(60));
  pair.RestartB();
  EXPECT_FALSE(pair.SendFromA());
  pair.Advance(kKeepaliveTimeout + kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
}

TEST(Restart, TheRestartedInitiatorResumesWithItsFirstPacket) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(absl::Seconds(60));
  pair.RestartA();
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
}

TEST(SimultaneousInitiation, BothStandAndNeitherKeepsAsking) {
  Pair pair({.b_knows_endpoint = true});
  pair.a().FromTun(pair.now(), Pair::PacketFromA(56));
  pair.b().FromTun(pair.now(), Pair::PacketFromB(56));
  pair.Deliver();
  EXPECT_EQ(pair.a().TakeDelivered().size(), 1u);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
  for (int second = 0; second < 119; ++second) {
    ASSERT_TRUE(pair.SendFromA()) << second;
    ASSERT_TRUE(pair.SendFromB()) << second;
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
  EXPECT_LE(pair.a().shared().index_table.reserved_count(), 2u);
}

}  // namespace
}  // namespace ringwire
