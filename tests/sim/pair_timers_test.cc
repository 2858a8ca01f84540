// Two gateways and the clock: when they speak, when they renew their keys, and when they fall
// silent (WP §6).

#include <algorithm>
#include <set>
#include <vector>

#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/support/pair.h"

namespace ringwire {
namespace {

constexpr absl::Duration kInstantly = absl::Nanoseconds(1);

// When A (or B) sent a message of this type.
std::vector<Instant> Times(const Pair& pair, bool from_a, uint32_t type) {
  std::vector<Instant> times;
  for (const Pair::Seen& seen : pair.wiretap()) {
    if (seen.from_a == from_a && seen.type() == type) times.push_back(seen.at);
  }
  return times;
}

bool LoseEverything(bool /*from_a*/, Datagram* /*datagram*/) { return false; }
bool LoseInitiations(bool /*from_a*/, Datagram* datagram) {
  return datagram->bytes[0] != kMessageInitiation;
}

TEST(Rule6, OnlyTheInitiatorRenewsASessionAndOnceInTwoMinutes) {
  Pair pair;
  for (int second = 0; second < 600; ++second) {
    ASSERT_TRUE(pair.SendFromA()) << second;
    ASSERT_TRUE(pair.SendFromB()) << second;
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(Times(pair, true, kMessageInitiation).size(), 5u);  // at 0, 120, 240, 360 and 480 s
  EXPECT_EQ(Times(pair, false, kMessageInitiation).size(), 0u);
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 5u);
  EXPECT_EQ(pair.a().DroppedTotal() + pair.b().DroppedTotal(), 0u);
}

TEST(Rule6, AnInitiatorThatOnlyReceivesRenewsBeforeTheKeysDie) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  const Instant start = pair.now();
  // Its keepalives do not count as sending: without the renewal on receipt it would send nothing
  // else.
  for (int second = 1; second <= 600; ++second) {
    pair.Advance(absl::Seconds(1));
    ASSERT_TRUE(pair.SendFromB()) << second;
  }
  const std::vector<Instant> initiations = Times(pair, true, kMessageInitiation);
  ASSERT_GE(initiations.size(), 4u);
  EXPECT_GE(initiations[1] - start, kRekeyAfterTime);
  EXPECT_LE(initiations[1] - start, kRekeyOnReceiveAfterTime);
  EXPECT_EQ(Times(pair, false, kMessageInitiation).size(), 0u);
}

TEST(Rule4, DataIsAnsweredByAKeepaliveTenSecondsAfterItsReceipt) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.ClearWiretap();
  pair.Advance(kKeepaliveTimeout - kInstantly);
  EXPECT_TRUE(pair.wiretap().empty());
  pair.Advance(kInstantly);
  ASSERT_EQ(pair.wiretap().size(), 1u);
  EXPECT_FALSE(pair.wiretap()[0].from_a);
  EXPECT_EQ(pair.wiretap()[0].datagram.bytes.size(), kTransportOverheadBytes);
  EXPECT_EQ(pair.a().counters().keepalives_received.value(), 1u);
}

TEST(Rule4, KeepaliveNeverAnswersAKeepalive) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(kKeepaliveTimeout);
  pair.ClearWiretap();
  pair.Advance(absl::Hours(1));
  EXPECT_TRUE(pair.wiretap().empty());
}

TEST(Rule4, MoreDataMeanwhileIsOwedAKeepaliveOfItsOwn) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(5));
  ASSERT_TRUE(pair.SendFromA());
  pair.ClearWiretap();
  pair.Advance(absl::Seconds(5));
  EXPECT_EQ(pair.wiretap().size(), 1u);
  pair.Advance(absl::Seconds(10));
  EXPECT_EQ(pair.wiretap().size(), 2u);
  pair.Advance(absl::Minutes(5));
  EXPECT_EQ(pair.wiretap().size(), 2u);
}

TEST(Rule4, NoKeepaliveIsOwedWhereDataWasSentBack) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(9));
  ASSERT_TRUE(pair.SendFromB());
  pair.ClearWiretap();
  pair.Advance(absl::Seconds(9));
  EXPECT_TRUE(pair.wiretap().empty());  // A owes one for B's packet, a second from now
  pair.Advance(absl::Seconds(1));
  EXPECT_EQ(pair.wiretap().size(), 1u);
}

TEST(Rule5, DataWithoutAnyAnswerStartsAHandshakeAfterFifteenSeconds) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(absl::Seconds(30));
  pair.set_filter([](bool from_a, Datagram*) { return from_a; });  // B is no longer heard
  pair.ClearWiretap();
  const Instant sent = pair.now();
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(20));
  const std::vector<Instant> initiations = Times(pair, true, kMessageInitiation);
  ASSERT_GE(initiations.size(), 1u);
  EXPECT_GE(initiations[0] - sent, kKeepaliveTimeout + kRekeyTimeout);
  EXPECT_LE(initiations[0] - sent, kKeepaliveTimeout + kRekeyTimeout + kRekeyTimeoutJitterMax);
  // Our source address may be gone: let the kernel choose again.
  EXPECT_FALSE(pair.LastOnWire(kMessageInitiation)->datagram.to.local.IsSet());
}

TEST(Rule5, AHandshakeGivesUpAfterEighteenAttemptsAndCountsWaitingPackets) {
  Pair pair;
  pair.set_filter(LoseEverything);
  for (size_t i = 0; i < 5; ++i) pair.a().FromTun(pair.now(), Pair::PacketFromA(56));
  const Instant start = pair.now();
  pair.Advance(absl::Hours(1));
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), size_t{kMaxHandshakeAttempts});
  EXPECT_EQ(pair.wiretap().size(), size_t{kMaxHandshakeAttempts});
  EXPECT_GE(pair.wiretap().back().at - start, absl::Seconds(85));
  EXPECT_LE(pair.wiretap().back().at - start, absl::Seconds(91));
  EXPECT_EQ(pair.a().Dropped(DropReason::kStagedAbandoned), 5u);
  EXPECT_EQ(pair.a().shared().staged_pool.used(), 0u);
  EXPECT_EQ(pair.a().shared().index_table.reserved_count(), 0u);
  // The next packet tries again.
  pair.set_filter(nullptr);
  EXPECT_TRUE(pair.SendFromA());
}

TEST(Rule5, WaitingPacketsAreBoundedAndTheOldestGoesFirst) {
  Pair pair;
  pair.set_filter(LoseEverything);
  for (size_t i = 0; i < 130; ++i) pair.a().FromTun(pair.now(), Pair::PacketFromA(i));
  EXPECT_EQ(pair.a().Dropped(DropReason::kStagedQueueFull), 2u);
  pair.set_filter(nullptr);
  pair.Advance(absl::Seconds(6));
  const std::vector<Bytes> delivered = pair.b().TakeDelivered();
  ASSERT_EQ(delivered.size(), 128u);
  EXPECT_EQ(delivered.front(), Pair::PacketFromA(2));
  EXPECT_EQ(delivered.back(), Pair::PacketFromA(129));
}

TEST(Rule7, OneHandshakeIsInFlightAndItsRetriesAreJittered) {
  Pair pair;
  pair.set_filter(LoseEverything);
  for (int i = 0; i < 600; ++i) {
    pair.a().FromTun(pair.now(), Pair::PacketFromA(56));
    pair.Advance(absl::Milliseconds(100));
    EXPECT_EQ(pair.a().shared().index_table.reserved_count(), 1u);
  }
  const std::vector<Instant> initiations = Times(pair, true, kMessageInitiation);
  ASSERT_GE(initiations.size(), 11u);
  ASSERT_LE(initiations.size(), 12u);
  std::set<absl::Duration> gaps;
  for (size_t i = 1; i < initiations.size(); ++i) gaps.insert(initiations[i] - initiations[i - 1]);
  EXPECT_GE(*gaps.begin(), kRekeyTimeout);
  EXPECT_LE(*gaps.rbegin(), kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(gaps.size(), initiations.size() - 1);  // no two are alike, to the nanosecond
}

TEST(Rule8, KeysDieAfterThreeMinutesInBothDirections) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.set_filter(LoseInitiations);
  pair.Advance(kRejectAfterTime - kInstantly);
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_TRUE(pair.SendFromB());
  pair.ClearWiretap();
  pair.Advance(kInstantly);
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_FALSE(pair.SendFromB());
  EXPECT_EQ(pair.CountOnWire(kMessageTransport), 0u);
}

TEST(Rule8, APacketSealedInTimeIsNotOpenedTooLate) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(absl::Seconds(100));
  pair.set_filter(LoseEverything);
  ASSERT_FALSE(pair.SendFromA());
  const Bytes from_a = pair.LastOnWire(kMessageTransport)->datagram.bytes;
  ASSERT_FALSE(pair.SendFromB());
  const Bytes from_b = pair.LastOnWire(kMessageTransport)->datagram.bytes;
  pair.Advance(absl::Seconds(80));
  pair.b().FromWire(pair.now(), pair.FromA(), from_a);
  pair.a().FromWire(pair.now(), pair.FromB(), from_b);
  EXPECT_EQ(pair.b().Dropped(DropReason::kKeypairExpired), 1u);
  EXPECT_EQ(pair.a().Dropped(DropReason::kKeypairExpired), 1u);
  EXPECT_TRUE(pair.b().TakeDelivered().empty());
}

TEST(Rule8, ThePreviousKeyIsHeldToTheSameLimit) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(absl::Seconds(119));
  // Two stragglers, sealed under the first session.
  pair.set_filter(LoseEverything);
  std::vector<Bytes> stragglers;
  for (const size_t size : {size_t{100}, size_t{200}}) {
    ASSERT_FALSE(pair.SendFromA(size));
    stragglers.push_back(pair.LastOnWire(kMessageTransport)->datagram.bytes);
  }
  pair.set_filter(nullptr);
  pair.Advance(absl::Seconds(1));
  ASSERT_TRUE(pair.SendFromA());  // the renewal
  ASSERT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
  ASSERT_TRUE(pair.SendFromA());
  pair.Advance(absl::Seconds(60) - kInstantly);
  pair.b().TakeDelivered();
  pair.b().FromWire(pair.now(), pair.FromA(), stragglers[0]);
  EXPECT_EQ(pair.b().TakeDelivered(), std::vector<Bytes>{Pair::PacketFromA(100)});
  pair.Advance(kInstantly);
  pair.b().FromWire(pair.now(), pair.FromA(), stragglers[1]);
  EXPECT_TRUE(pair.b().TakeDelivered().empty());
  EXPECT_EQ(pair.b().Dropped(DropReason::kKeypairExpired), 1u);
  EXPECT_TRUE(pair.SendFromA());
}

TEST(Rule17, AResponderDoesNotInitiateForFiveSeconds) {
  Pair pair({.b_knows_endpoint = true});
  // B's answer arrives, A's confirmation does not: B may not send with the new session yet.
  pair.set_filter([](bool from_a, Datagram* datagram) {
    return !from_a || datagram->bytes[0] != kMessageTransport;
  });
  pair.SendFromA();
  const Instant answered = pair.now();
  EXPECT_FALSE(pair.SendFromB());
  pair.Advance(absl::Seconds(10));
  const std::vector<Instant> initiations = Times(pair, false, kMessageInitiation);
  ASSERT_GE(initiations.size(), 1u);
  EXPECT_EQ(initiations[0] - answered, kRekeyTimeout);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 0u);
}

TEST(Rule18, SleepCountsAndTheNextPacketHandshakesAfresh) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Suspend(absl::Hours(8));
  pair.ClearWiretap();
  EXPECT_TRUE(pair.SendFromA());
  ASSERT_GE(pair.wiretap().size(), 3u);
  EXPECT_EQ(pair.wiretap()[0].type(), kMessageInitiation);
  EXPECT_EQ(pair.wiretap()[1].type(), kMessageResponse);
  EXPECT_TRUE(pair.SendFromB());
}

TEST(Rule18, SleepInTheMiddleOfAHandshakeDoesNotBreakIt) {
  Pair pair;
  pair.set_filter(LoseEverything);
  pair.SendFromA();
  pair.Suspend(absl::Hours(1));
  pair.set_filter(nullptr);
  pair.Advance(absl::ZeroDuration());
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
}

TEST(PersistentKeepalive, KeepsItsCadenceForTenMinutes) {
  Pair pair({.keepalive_a = 25});
  const Instant start = pair.now();
  pair.Advance(absl::Seconds(600));
  std::set<absl::Duration> spoken;
  for (const Pair::Seen& seen : pair.wiretap()) {
    if (seen.from_a) spoken.insert(seen.at - start);
  }
  ASSERT_EQ(spoken.size(), 25u);  // at 0, 25, ... 600
  for (const absl::Duration at : spoken) EXPECT_EQ(at % absl::Seconds(25), absl::ZeroDuration());
  // Each first keepalive after two minutes renews the session: at 0, 125, 250, 375 and 500 s.
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 5u);
  // B sends nothing but its responses.
  EXPECT_EQ(Times(pair, false, kMessageTransport).size(), 0u);
}

TEST(PersistentKeepalive, IsPostponedByEveryPacketOfEitherSide) {
  Pair pair({.keepalive_a = 25});
  pair.Deliver();
  for (int i = 0; i < 5; ++i) {
    pair.Advance(absl::Seconds(8));
    ASSERT_TRUE(pair.SendFromB());
    ASSERT_TRUE(pair.SendFromA());
  }
  pair.ClearWiretap();
  pair.Advance(absl::Seconds(24));
  EXPECT_EQ(Times(pair, true, kMessageTransport).size(), 0u);
  pair.Advance(absl::Seconds(11));  // B's passive keepalive at 10 s has postponed it once more
  EXPECT_EQ(Times(pair, false, kMessageTransport).size(), 1u);
  EXPECT_EQ(Times(pair, true, kMessageTransport).size(), 1u);
}

TEST(Silence, NothingIsSentAndNothingIsKeptOnceTheKeysAreZeroed) {
  Pair pair;
  for (int second = 0; second < 300; ++second) {
    ASSERT_TRUE(pair.SendFromA());
    ASSERT_TRUE(pair.SendFromB());
    pair.Advance(absl::Seconds(1));
  }
  pair.Advance(absl::Seconds(20));
  pair.ClearWiretap();
  pair.Advance(kZeroKeysAfterTime);
  EXPECT_EQ(pair.a().shared().index_table.reserved_count(), 0u);
  EXPECT_EQ(pair.b().shared().index_table.reserved_count(), 0u);
  pair.Advance(absl::Hours(1));
  EXPECT_TRUE(pair.wiretap().empty());
  EXPECT_TRUE(pair.a().NextDeadline().IsInfiniteFuture());
  EXPECT_TRUE(pair.b().NextDeadline().IsInfiniteFuture());
}

TEST(Silence, AGatewayThatWasNeverUsedSaysNothing) {
  Pair pair;
  pair.Advance(absl::Hours(1));
  EXPECT_TRUE(pair.wiretap().empty());
}

}  // namespace
}  // namespace ringwire
