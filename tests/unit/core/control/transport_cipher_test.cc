// The transport extension in control: who offers, who accepts, and when.

#include <algorithm>
#include <optional>

#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/wire/messages.h"
#include "crypto/x25519.h"
#include "tests/unit/core/control/transport_cipher_fixture.h"

namespace ringwire {
namespace {

TEST(TransportCipherTest, AutoAndAutoGiveAesInBothRolesAndNothingOnTheWireShowsIt) {
  for (const bool a_initiates : {true, false}) {
    AesPair pair;
    if (a_initiates) {
      pair.a.Stage(pair.now, pair.slot_in_a());
    } else {
      pair.b.Stage(pair.now, pair.slot_in_b());
    }
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kAes);
    EXPECT_EQ(SuiteInB(pair), kAes);
    ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
    ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
    pair.Deliver();
    EXPECT_EQ(pair.a.data_received + pair.b.data_received, 3U);
    EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).transport_suite, "AES-256-GCM");
    EXPECT_EQ(pair.b.StatusOf(pair.a, pair.now).transport_suite, "AES-256-GCM");
    ASSERT_EQ(pair.wire.size(), 5U);
    EXPECT_EQ(pair.wire[0].datagram.bytes.size(), 148U);
    EXPECT_EQ(pair.wire[1].datagram.bytes.size(), 92U);
    EXPECT_EQ(pair.wire[2].datagram.bytes.size(), 128U);
    for (const ControlPair::Seen& seen : pair.wire) {
      EXPECT_LE(LoadLe32(seen.datagram.bytes.data()), 4U) << "bytes 1 to 3 are zero";
    }
  }
}

// What each end may lack, by its number.
constexpr int kWays = 3;
void TakeAesAway(ControlPair& pair, ControlNode& node, const ControlNode& peer, int way) {
  if (way == 1) SetDeviceCipher(pair, node, TransportCipher::kChaCha20Poly1305);
  if (way == 2) SetPeerCipher(pair, node, peer, TransportCipher::kChaCha20Poly1305);
}

TEST(TransportCipherTest, AResponderWithoutAesAnswersAnOfferByteForByteAsWireGuard) {
  std::vector<std::vector<uint8_t>> responses;
  for (int way = 0; way < kWays; ++way) {
    ControlPair pair(5, true, kHasAes, ControlOptions{.has_aes = way != 0});
    TakeAesAway(pair, pair.b, pair.a, way);
    pair.b.Receive(pair.now, pair.a.AsSource(), InitiationOfA(pair));
    EXPECT_TRUE(pair.b.control->TakeStampChanges(true).raised.at(0).greatest.HasOffer());
    const std::vector<uint8_t> response = TakeOnly(pair.b).bytes;
    responses.push_back(response);
    pair.a.Receive(pair.now, pair.b.AsSource(), response);
    EXPECT_EQ(SuiteInA(pair), kChaCha);
    pair.Deliver();
    EXPECT_EQ(SuiteInB(pair), kChaCha);
  }
  // The first is that of a build without the extension: control's choice is all that it adds.
  EXPECT_EQ(responses[0], responses[1]);
  EXPECT_EQ(responses[0], responses[2]);
  AesPair with_aes(5);
  with_aes.b.Receive(with_aes.now, with_aes.a.AsSource(), InitiationOfA(with_aes));
  EXPECT_NE(responses[0], TakeOnly(with_aes.b).bytes);
}

TEST(TransportCipherTest, AnInitiatorWithoutAesOffersNothingAndSendsByteForByteWhatWireGuardDoes) {
  std::vector<std::vector<uint8_t>> initiations;
  for (int way = 0; way < kWays; ++way) {
    ControlPair pair(5, true, ControlOptions{.has_aes = way != 0}, kHasAes);
    TakeAesAway(pair, pair.a, pair.b, way);
    initiations.push_back(InitiationOfA(pair));
    pair.b.Receive(pair.now, pair.a.AsSource(), initiations.back());
    EXPECT_FALSE(pair.b.control->TakeStampChanges(true).raised.at(0).greatest.HasOffer());
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kChaCha);
    EXPECT_EQ(SuiteInB(pair), kChaCha);
  }
  EXPECT_EQ(initiations[0], initiations[1]);
  EXPECT_EQ(initiations[0], initiations[2]);
}

TEST(TransportCipherTest, ACoreIsWithoutAesUnlessItIsToldOtherwise) {
  ControlPair pair;
  pair.Connect();
  EXPECT_EQ(SuiteInA(pair), kChaCha);
  EXPECT_FALSE(pair.b.control->TakeStampChanges(true).raised.at(0).greatest.HasOffer());
}

TEST(TransportCipherTest, EveryRetransmissionOffersAndItsStampIsGreaterThoughTheClockStandsStill) {
  AesPair pair;
  pair.filter = [](bool from_a, const ControlDatagram&) { return from_a; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  Tai64n last;
  for (int attempt = 1; attempt <= kMaxHandshakeAttempts; ++attempt) {
    pair.Deliver();
    const Tai64n stamp = pair.b.control->TakeStampChanges(true).raised.at(0).greatest;
    EXPECT_LT(last, stamp);
    EXPECT_TRUE(stamp.HasOffer()) << "attempt " << attempt;
    EXPECT_LT(LoadBe32(stamp.bytes.data() + 8), 1'000'000'000U);
    last = stamp;
    const Instant next = pair.a.control->NextDeadline();
    pair.a.wall_at_boot -= next - pair.now;
    pair.now = next;
    pair.a.RunTimers(pair.now);
  }
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 0U);
  EXPECT_EQ(pair.CountFrom(true, 1), static_cast<size_t>(kMaxHandshakeAttempts));
}

TEST(TransportCipherTest, StampsStayOrderedWhileTheOptionGoesOnAndOff) {
  AesPair pair;
  pair.filter = [](bool from_a, const ControlDatagram&) { return from_a; };
  pair.a.Stage(pair.now, pair.slot_in_a());
  Tai64n last;
  for (int attempt = 1; attempt < kMaxHandshakeAttempts; ++attempt) {
    pair.Deliver();
    const Tai64n stamp = pair.b.control->TakeStampChanges(true).raised.at(0).greatest;
    EXPECT_LT(last, stamp);
    EXPECT_EQ(stamp.HasOffer(), attempt % 2 == 1);
    last = stamp;
    SetDeviceCipher(pair, pair.a,
                    attempt % 2 == 1 ? TransportCipher::kChaCha20Poly1305 : TransportCipher::kAuto);
    const Instant next = pair.a.control->NextDeadline();
    pair.a.wall_at_boot -= next - pair.now;
    pair.now = next;
    pair.a.RunTimers(pair.now);
  }
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 0U);
}

TEST(TransportCipherTest, LostResponsesCostAtMostTwoRetriesInAes) {
  AesPair pair;
  int lost = 0;
  pair.filter = [&lost](bool, const ControlDatagram& datagram) {
    return datagram.type() != 2 || ++lost > 3;
  };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Advance(absl::Seconds(20));
  EXPECT_EQ(SuiteInA(pair), kChaCha) << "the fourth response, the second after the cap";
  EXPECT_EQ(SuiteInB(pair), kChaCha);
  EXPECT_EQ(pair.CountFrom(true, 1), 4U);
  pair.Advance(kRekeyAfterTime);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(SuiteInA(pair), kAes) << "the next handshake is free to choose again";
  EXPECT_EQ(SuiteInB(pair), kAes);
}

TEST(TransportCipherTest, ALostConfirmationIsMadeGoodByTheNextPacketInAes) {
  AesPair pair;
  bool lost = false;
  pair.filter = [&lost](bool, const ControlDatagram& datagram) {
    return datagram.type() != 4 || std::exchange(lost, true);
  };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_EQ(pair.slot_in_b().current.load(), nullptr);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(SuiteInB(pair), kAes);
  EXPECT_EQ(pair.b.data_received, 1U);
}

TEST(TransportCipherTest, TheOptionToggledBetweenTheMessagesCountsFromTheNextHandshakeOn) {
  const TransportCipher off = TransportCipher::kChaCha20Poly1305;
  {
    AesPair pair;  // the initiator, after its offer: what it offered is what it takes
    const std::vector<uint8_t> initiation = InitiationOfA(pair);
    SetDeviceCipher(pair, pair.a, off);
    pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kAes);
    EXPECT_EQ(SuiteInB(pair), kAes);
  }
  {
    AesPair pair;  // the responder, before the initiation comes
    const std::vector<uint8_t> initiation = InitiationOfA(pair);
    SetPeerCipher(pair, pair.b, pair.a, off);
    pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kChaCha);
    EXPECT_EQ(SuiteInB(pair), kChaCha);
  }
  {
    AesPair pair;  // the responder, after its response
    pair.b.Receive(pair.now, pair.a.AsSource(), InitiationOfA(pair));
    SetDeviceCipher(pair, pair.b, off);
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kAes);
    EXPECT_EQ(SuiteInB(pair), kAes);
  }
  {
    ControlPair pair(1, true, kHasAes, kHasAes);  // switched on after an initiation without offer
    SetDeviceCipher(pair, pair.a, off);
    const std::vector<uint8_t> initiation = InitiationOfA(pair);
    SetDeviceCipher(pair, pair.a, TransportCipher::kAuto);
    pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
    pair.Deliver();
    EXPECT_EQ(SuiteInA(pair), kChaCha);
    EXPECT_EQ(SuiteInB(pair), kChaCha);
  }
}

TEST(TransportCipherTest, SwitchingItOffLeavesTheSessionAndCountsAtTheNextHandshake) {
  AesPair pair;
  pair.Connect();
  Keypair* const session = pair.slot_in_a().current.load();
  SetPeerCipher(pair, pair.a, pair.b, TransportCipher::kChaCha20Poly1305);
  EXPECT_EQ(pair.a.StatusOf(pair.b, pair.now).transport_cipher, TransportCipher::kChaCha20Poly1305);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(pair.slot_in_a().current.load(), session);
  EXPECT_EQ(session->suite(), kAes);
  pair.Advance(kRekeyAfterTime);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_EQ(SuiteInA(pair), kChaCha);
  EXPECT_EQ(SuiteInB(pair), kChaCha);
}

TEST(TransportCipherTest, APeersOwnSwitchDoesNotTouchTheOthers) {
  AesPair pair;
  SetPeerCipher(pair, pair.b, pair.b, TransportCipher::kChaCha20Poly1305);  // nobody
  DeviceUpdate update;
  PeerUpdate& third = update.peers.emplace_back();
  third.public_key = crypto::PublicFromPrivate(crypto::GeneratePrivateKey(pair.b.random));
  third.transport_cipher = TransportCipher::kChaCha20Poly1305;
  ASSERT_TRUE(pair.b.Apply(pair.now, update).ok());
  pair.Connect();
  EXPECT_EQ(SuiteInB(pair), kAes);
  const DeviceStatus status = pair.b.control->Status(pair.now, absl::Time());
  ASSERT_EQ(status.peers.size(), 2U);
  EXPECT_EQ(std::ranges::count(status.peers, TransportCipher::kAuto, &PeerStatus::transport_cipher),
            1);
}

TEST(TransportCipherTest, AReplayedOfferGetsNoSecondAnswerAlsoAfterARestart) {
  AesPair pair;
  const std::vector<uint8_t> initiation = InitiationOfA(pair);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
  pair.Deliver();
  ASSERT_EQ(SuiteInB(pair), kAes);
  pair.now = pair.now + absl::Seconds(1);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
  EXPECT_TRUE(pair.b.sent.empty());
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 1U);

  ControlNode reborn(77, "192.0.2.2:51820", "10.0.0.2", kHasAes);
  reborn.control->RestoreStamps(pair.now, pair.b.control->TakeStampChanges(true).raised);
  DeviceUpdate update;
  update.private_key = pair.b.private_key;
  update.peers.push_back(pair.a.AsPeer());
  ASSERT_TRUE(reborn.Apply(pair.now, update).ok());
  reborn.SetLinkUp(pair.now, true);
  reborn.HandleDatagram(pair.now, pair.a.AsSource(), initiation);
  EXPECT_TRUE(reborn.sent.empty());
  EXPECT_EQ(reborn.Dropped(DropReason::kInitiationReplayed), 1U);
}

TEST(TransportCipherTest, AReplayedAesResponseChangesNothing) {
  AesPair pair;
  pair.b.Receive(pair.now, pair.a.AsSource(), InitiationOfA(pair));
  const std::vector<uint8_t> response = TakeOnly(pair.b).bytes;
  pair.a.Receive(pair.now, pair.b.AsSource(), response);
  pair.Deliver();
  Keypair* const session = pair.slot_in_a().current.load();
  pair.a.Receive(pair.now, pair.b.AsSource(), response);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseUnknownIndex), 1U);
  EXPECT_EQ(pair.slot_in_a().current.load(), session);
  // Nor for the handshake after it.
  pair.now = pair.now + kRekeyAfterTime;
  pair.a.Raise(pair.now, pair.slot_in_a(), kRekeyDue);
  const std::vector<uint8_t> next = TakeOnly(pair.a).bytes;
  std::vector<uint8_t> redirected = response;
  std::copy_n(next.begin() + 4, 4, redirected.begin() + 8);
  CookieGenerator(pair.a.public_key).AddMacs(redirected, pair.now);
  pair.a.Receive(pair.now, pair.b.AsSource(), redirected);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseInvalid), 1U);
  pair.b.Receive(pair.now, pair.a.AsSource(), next);
  pair.Deliver();
  EXPECT_NE(pair.slot_in_a().current.load(), session) << "the genuine one still completes";
  EXPECT_EQ(SuiteInA(pair), kAes);
}

TEST(MachineCopyTest, ACopySendsNothingUnderItsKeysAndMakesNewSessions) {
  AesPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(1));
  Keypair* const old = pair.slot_in_a().current.load();
  ControlOutput out;
  pair.a.control->MachineWasCopied(pair.now, pair.a.WallAt(pair.now), &out);
  EXPECT_FALSE(pair.a.SendData(pair.now, pair.slot_in_a()));
  EXPECT_FALSE(old->CanSend(pair.now));
  EXPECT_TRUE(old->CanReceive(pair.now));
  EXPECT_TRUE(out.datagrams.empty()) << "whoever has nothing to say says nothing";
  ASSERT_EQ(out.notices.size(), 1U);
  pair.wire.clear();
  pair.a.Stage(pair.now, pair.slot_in_a());  // at once, though the last handshake was just now
  pair.Deliver();
  EXPECT_EQ(pair.CountFrom(true, 1), 1U);
  EXPECT_NE(pair.slot_in_a().current.load(), old);
  EXPECT_EQ(pair.b.data_received, 2U);
}

TEST(MachineCopyTest, AHandshakeUnderWayIsDroppedSinceBothCopiesWouldCompleteIt) {
  AesPair pair;
  pair.b.Receive(pair.now, pair.a.AsSource(), InitiationOfA(pair));
  const std::vector<uint8_t> response = TakeOnly(pair.b).bytes;
  ControlOutput out;
  pair.a.control->MachineWasCopied(pair.now, pair.a.WallAt(pair.now), &out);
  pair.a.Receive(pair.now, pair.b.AsSource(), response);
  EXPECT_EQ(pair.a.Dropped(DropReason::kResponseUnknownIndex), 1U);
  EXPECT_EQ(pair.slot_in_a().current.load(), nullptr);
  ASSERT_EQ(out.datagrams.size(), 1U) << "a packet is staged, so another one begins";
  EXPECT_EQ(out.datagrams[0].bytes[0], kMessageInitiation);
}

TEST(TransportCipherTest, HandshakesAreCountedByRoleSuiteAndResult) {
  AesPair pair;
  pair.Connect();
  SetDeviceCipher(pair, pair.b, TransportCipher::kChaCha20Poly1305);
  pair.Advance(kRekeyAfterTime);
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  const HandshakeCounts a = pair.a.control->Status(pair.now, absl::Time()).handshakes;
  EXPECT_EQ(a.initiator.started, (std::array<uint64_t, 2>{0, 2}));
  EXPECT_EQ(a.initiator.completed, (std::array<uint64_t, 2>{1, 1}));
  EXPECT_EQ(a.responder.started, (std::array<uint64_t, 2>{0, 0}));
  const HandshakeCounts b = pair.b.control->Status(pair.now, absl::Time()).handshakes;
  EXPECT_EQ(b.responder.started, (std::array<uint64_t, 2>{1, 1}));
  EXPECT_EQ(b.responder.completed, (std::array<uint64_t, 2>{1, 1}));
  EXPECT_EQ(b.initiator.started, (std::array<uint64_t, 2>{0, 0}));
}

}  // namespace
}  // namespace ringwire
