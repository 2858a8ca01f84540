#include "core/control/sessions.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

ControlDatagram TakeOnly(ControlNode& node) {
  CHECK(node.sent.size() == 1);
  return std::exchange(node.sent, {})[0];
}

TEST(SessionsTest, AHandshakeTakesThreeMessagesAndCarriesTheStagedPacket) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  ASSERT_EQ(pair.wire.size(), 3U);
  EXPECT_EQ(pair.wire[0].datagram.bytes.size(), 148U);
  EXPECT_EQ(pair.wire[0].datagram.tos, kHandshakeTos);
  EXPECT_EQ(pair.wire[1].datagram.bytes.size(), 92U);
  EXPECT_EQ(pair.wire[1].datagram.tos, kHandshakeTos);
  EXPECT_EQ(pair.wire[2].datagram.bytes.size(), 128U) << "84 bytes padded to 96";
  EXPECT_EQ(pair.b.data_received, 1U);
  EXPECT_TRUE(pair.slot_in_a().staged.empty());
}

TEST(SessionsTest, WithoutAStagedPacketAKeepaliveConfirmsTheSession) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.slot_in_a().staged.Clear();
  pair.Deliver();
  ASSERT_EQ(pair.wire.size(), 3U);
  EXPECT_TRUE(pair.wire[2].datagram.IsKeepalive());
  EXPECT_EQ(pair.wire[2].datagram.tos, 0);
  EXPECT_NE(pair.slot_in_b().current.load(), nullptr);
}

TEST(SessionsTest, TheResponderSendsNothingBeforeItsSessionIsConfirmed) {
  ControlPair pair;
  pair.filter = [](bool from_a, const ControlDatagram& datagram) {
    return !from_a || datagram.type() == 1;
  };
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr);
  EXPECT_EQ(pair.slot_in_b().current.load(), nullptr);
  pair.b.Stage(pair.now, pair.slot_in_b());
  pair.Deliver();
  EXPECT_EQ(pair.CountFrom(false, 4), 0U);
  pair.filter = nullptr;
  ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
  pair.Deliver();
  EXPECT_NE(pair.slot_in_b().current.load(), nullptr);
  EXPECT_EQ(pair.CountFrom(false, 4), 1U) << "what was staged goes out with the confirmation";
}

// What `wg show` says after ten pings of 56 bytes, as any WireGuard says it.
TEST(SessionsTest, TransferCountersAreThoseOfWholeUdpPayloads) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  for (int i = 1; i < 10; ++i) {
    pair.Deliver();
    ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
    ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  }
  pair.Deliver();
  const PeerStatus status = pair.a.StatusOf(pair.b, pair.now);
  EXPECT_EQ(status.transmit_bytes, 1428U);
  EXPECT_EQ(status.receive_bytes, 1372U);
  const PeerStatus other = pair.b.StatusOf(pair.a, pair.now);
  EXPECT_EQ(other.transmit_bytes, 1372U);
  EXPECT_EQ(other.receive_bytes, 1428U);
}

TEST(SessionsTest, ARefusedMessageCountsAsADropAndAsNothingElse) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<uint8_t> initiation = TakeOnly(pair.a).bytes;
  struct Case {
    size_t flip;
    DropReason reason;
  };
  for (const Case& one : {Case{8, DropReason::kInitiationStaticInvalid},
                          Case{40, DropReason::kInitiationStaticInvalid},
                          Case{88, DropReason::kInitiationTimestampInvalid},
                          Case{115, DropReason::kInitiationTimestampInvalid}}) {
    std::vector<uint8_t> forged = initiation;
    forged[one.flip] ^= 1;
    const uint64_t before = pair.b.Dropped(one.reason);
    pair.b.HandleDatagram(pair.now, pair.a.AsSource(), forged);
    EXPECT_EQ(pair.b.Dropped(one.reason), before + 1) << "byte " << one.flip;
  }
  EXPECT_EQ(pair.b.DroppedTotal(), 4U);
  EXPECT_TRUE(pair.b.sent.empty());
  EXPECT_TRUE(pair.b.control->TakeStampChanges(true).raised.empty());
  EXPECT_EQ(pair.slot_in_b().receive_bytes.load(), 0U);
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 0U);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiation);
  EXPECT_EQ(pair.b.sent.size(), 1U) << "the genuine one is not hurt by the forgeries";
}

TEST(SessionsTest, MessagesOfOtherKindsAndLengthsAreCounted) {
  ControlPair pair;
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), std::vector<uint8_t>(148, 9));
  EXPECT_EQ(pair.b.Dropped(DropReason::kUnknownMessageType), 1U);
  std::vector<uint8_t> transport(32);
  transport[0] = 4;
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), transport);
  EXPECT_EQ(pair.b.Dropped(DropReason::kUnknownMessageType), 2U);
  std::vector<uint8_t> short_initiation(147);
  short_initiation[0] = 1;
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), short_initiation);
  EXPECT_EQ(pair.b.Dropped(DropReason::kMessageWrongLength), 1U);
}

TEST(SessionsTest, AStrangerIsDropped) {
  ControlPair pair;
  ControlNode stranger(9, "192.0.2.9:51820", "10.0.0.9");
  DeviceUpdate update;
  update.private_key = stranger.private_key;
  update.peers.push_back(pair.b.AsPeer());
  ASSERT_TRUE(stranger.Apply(pair.now, update).ok());
  stranger.SetLinkUp(pair.now, true);
  stranger.Stage(pair.now, *stranger.SlotOf(pair.b));
  pair.b.Receive(pair.now, stranger.AsSource(), TakeOnly(stranger).bytes);
  EXPECT_EQ(pair.b.Dropped(DropReason::kUnknownPeer), 1U);
  EXPECT_TRUE(pair.b.sent.empty());
}

TEST(SessionsTest, AnotherPeersTimestampFieldIsRefused) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<uint8_t> first = TakeOnly(pair.a).bytes;
  pair.a.RunTimers(pair.now = pair.a.control->NextDeadline());
  std::vector<uint8_t> second = TakeOnly(pair.a).bytes;
  std::copy(first.begin() + 88, first.begin() + 116, second.begin() + 88);
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), second);
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationTimestampInvalid), 1U);
}

TEST(SessionsTest, InitiationsComeAtMostEvery20Milliseconds) {
  // A restarts twice within a moment, so that it may initiate again at once.
  ControlPair pair;
  std::vector<std::vector<uint8_t>> initiations;
  for (int i = 0; i < 3; ++i) {
    pair.a.SetLinkUp(pair.now, false);
    pair.a.SetLinkUp(pair.now, true);
    pair.a.Stage(pair.now, pair.slot_in_a());
    initiations.push_back(TakeOnly(pair.a).bytes);
  }
  pair.b.Receive(pair.now, pair.a.AsSource(), initiations[0]);
  pair.b.Receive(pair.now + kInitiationInterval - absl::Nanoseconds(1), pair.a.AsSource(),
                 initiations[1]);
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationFlood), 1U);
  EXPECT_EQ(pair.b.sent.size(), 1U);
  pair.b.Receive(pair.now + kInitiationInterval, pair.a.AsSource(), initiations[1]);
  EXPECT_EQ(pair.b.sent.size(), 2U) << "what was refused for its haste was not remembered";
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 1U);
}

TEST(SessionsTest, TheEndpointMovesWithAuthenticatedHandshakesOnly) {
  ControlPair pair;
  const Endpoint elsewhere{*SocketAddress::Parse("198.51.100.7:4000"),
                           *IpAddress::Parse("192.0.2.2"), 0};
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<uint8_t> initiation = TakeOnly(pair.a).bytes;
  std::vector<uint8_t> forged = initiation;
  forged[90] ^= 1;
  pair.b.HandleDatagram(pair.now, elsewhere, forged);
  EXPECT_EQ(pair.slot_in_b().endpoint.load()->remote, pair.a.address);

  pair.b.HandleDatagram(pair.now, elsewhere, initiation);
  EXPECT_EQ(*pair.slot_in_b().endpoint.load(), elsewhere);
  const ControlDatagram response = TakeOnly(pair.b);
  EXPECT_EQ(response.to, elsewhere) << "answered where it came from, from where it was sent to";

  const Endpoint b_moved{*SocketAddress::Parse("[2001:db8::2]:99"), {}, 0};
  pair.a.HandleDatagram(pair.now, b_moved, response.bytes);
  EXPECT_EQ(*pair.slot_in_a().endpoint.load(), b_moved);
  // A replay from elsewhere moves nothing.
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), initiation);
  EXPECT_EQ(*pair.slot_in_b().endpoint.load(), elsewhere);
}

TEST(SessionsTest, HandshakesSucceedAfterLossInEitherDirection) {
  for (const uint8_t lost_type : {uint8_t{1}, uint8_t{2}}) {
    ControlPair pair;
    int lost = 0;
    pair.filter = [&](bool, const ControlDatagram& datagram) {
      return datagram.type() != lost_type || ++lost > 2;
    };
    pair.a.Stage(pair.now, pair.slot_in_a());
    pair.Advance(absl::Seconds(11));
    EXPECT_EQ(pair.CountFrom(true, 1), 3U);
    EXPECT_EQ(pair.b.data_received, 1U) << "message " << int{lost_type};
    pair.Advance(absl::Seconds(60));
    EXPECT_EQ(pair.CountFrom(true, 1), 3U) << "no retries once the session stands";
  }
}

TEST(SessionsTest, SimultaneousInitiationsConverge) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.b.Stage(pair.now, pair.slot_in_b());
  // Both initiations cross, then both responses.
  const ControlDatagram from_a = TakeOnly(pair.a);
  const ControlDatagram from_b = TakeOnly(pair.b);
  pair.a.Receive(pair.now, pair.b.AsSource(), from_b.bytes);
  pair.b.Receive(pair.now, pair.a.AsSource(), from_a.bytes);
  const ControlDatagram response_a = TakeOnly(pair.a);
  const ControlDatagram response_b = TakeOnly(pair.b);
  pair.a.Receive(pair.now, pair.b.AsSource(), response_b.bytes);
  pair.b.Receive(pair.now, pair.a.AsSource(), response_a.bytes);
  pair.Deliver();
  EXPECT_EQ(pair.a.data_received, 1U);
  EXPECT_EQ(pair.b.data_received, 1U);
  for (int i = 0; i < 30; ++i) {
    pair.Advance(absl::Seconds(20));
    ASSERT_TRUE(pair.a.SendData(pair.now, pair.slot_in_a()));
    ASSERT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
    pair.Deliver();
  }
  EXPECT_EQ(pair.a.data_received, 31U);
  EXPECT_EQ(pair.b.data_received, 31U);
  EXPECT_LE(pair.a.shared->index_table.reserved_count(), 3U);
}

TEST(SessionsTest, AConfirmedSessionEndsAHandshakeOfOurOwn) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.b.Stage(pair.now, pair.slot_in_b());
  pair.b.sent.clear();  // B's initiation is lost, A's is not
  pair.Deliver();
  EXPECT_EQ(pair.b.data_received, 1U);
  EXPECT_EQ(pair.a.data_received, 1U);
  pair.Advance(absl::Seconds(9));
  EXPECT_EQ(pair.CountFrom(false, 1), 0U) << "B does not retry what is no longer needed";
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 1U);
}

// The worker's event may still be under way when the next initiation is handled.
TEST(SessionsTest, ASessionConfirmedButNotReportedSurvivesTheNextInitiation) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.b.Receive(pair.now, pair.a.AsSource(), TakeOnly(pair.a).bytes);
  const auto response = LoadMessage<ResponseMessage>(TakeOnly(pair.b).bytes);
  Keypair* const session = pair.b.shared->index_table.Find(LoadLe32(response.sender_index));
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(session->MarkReceived());
  pair.a.RunTimers(pair.now = pair.a.control->NextDeadline());
  pair.b.Receive(pair.now, pair.a.AsSource(), TakeOnly(pair.a).bytes);
  EXPECT_EQ(pair.slot_in_b().current.load(), session);
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 2U);
}

TEST(SessionsTest, ARoundOfCookiesUnderLoad) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  const std::vector<uint8_t> initiation = TakeOnly(pair.a).bytes;
  const CookieChecker& checker = *pair.b.shared->cookie_checker.load();
  ASSERT_TRUE(checker.IsMac1Valid(initiation));
  EXPECT_FALSE(checker.IsMac2Valid(initiation, pair.a.address));
  // B's worker answers with a cookie instead of letting the message through.
  const CookieReplyMessage reply = checker.CreateReply(initiation, pair.a.address, pair.b.random);
  const std::span<const uint8_t> view = MessageBytes(reply);
  const std::vector<uint8_t> bytes(view.begin(), view.end());
  const Endpoint elsewhere{*SocketAddress::Parse("198.51.100.7:4000"), {}, 0};

  std::vector<uint8_t> forged = bytes;
  forged[40] ^= 1;
  pair.a.HandleDatagram(pair.now, elsewhere, forged);
  EXPECT_EQ(pair.a.Dropped(DropReason::kCookieReplyInvalid), 1U);
  forged = bytes;
  forged[4] ^= 1;
  pair.a.HandleDatagram(pair.now, elsewhere, forged);
  EXPECT_EQ(pair.a.Dropped(DropReason::kCookieReplyUnknownIndex), 1U);

  pair.a.HandleDatagram(pair.now, elsewhere, bytes);
  EXPECT_EQ(pair.a.DroppedTotal(), 2U);
  EXPECT_EQ(pair.slot_in_a().endpoint.load()->remote, pair.b.address) << "a cookie moves nothing";
  EXPECT_TRUE(pair.a.sent.empty()) << "the retry comes in its time";
  EXPECT_EQ(pair.slot_in_a().receive_bytes.load(), 0U);
  pair.a.RunTimers(pair.now = pair.a.control->NextDeadline());
  const std::vector<uint8_t> retry = TakeOnly(pair.a).bytes;
  EXPECT_TRUE(checker.IsMac2Valid(retry, pair.a.address));
  pair.a.HandleDatagram(pair.now, elsewhere, bytes);
  EXPECT_EQ(pair.a.Dropped(DropReason::kCookieReplyUnknownIndex), 2U) << "that index is gone";
}

TEST(SessionsTest, AResponderTakesACookieFromALoadedInitiator) {
  ControlPair pair;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.b.Receive(pair.now, pair.a.AsSource(), TakeOnly(pair.a).bytes);
  const std::vector<uint8_t> response = TakeOnly(pair.b).bytes;
  const CookieChecker& checker = *pair.a.shared->cookie_checker.load();
  const CookieReplyMessage reply = checker.CreateReply(response, pair.b.address, pair.a.random);
  const std::span<const uint8_t> view = MessageBytes(reply);
  pair.b.HandleDatagram(pair.now, pair.a.AsSource(), {view.begin(), view.end()});
  EXPECT_EQ(pair.b.DroppedTotal(), 0U);
  pair.a.RunTimers(pair.now = pair.a.control->NextDeadline());
  pair.b.Receive(pair.now, pair.a.AsSource(), TakeOnly(pair.a).bytes);
  EXPECT_TRUE(checker.IsMac2Valid(TakeOnly(pair.b).bytes, pair.b.address));
}

TEST(SessionsTest, SecretsAreGone540SecondsAfterTheLastSession) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(kZeroKeysAfterTime - absl::Milliseconds(1));
  EXPECT_NE(pair.slot_in_a().current.load(), nullptr);
  pair.Advance(absl::Milliseconds(1));
  EXPECT_EQ(pair.slot_in_a().current.load(), nullptr);
  EXPECT_EQ(pair.slot_in_b().current.load(), nullptr);
  EXPECT_EQ(pair.a.shared->index_table.reserved_count(), 0U);
  EXPECT_EQ(pair.b.shared->index_table.reserved_count(), 0U);
  EXPECT_TRUE(pair.a.control->NextDeadline().IsInfiniteFuture()) << "an idle device sleeps";
  EXPECT_TRUE(pair.b.control->NextDeadline().IsInfiniteFuture());
}

TEST(SessionsTest, ASessionUsedUpByCountIsReplacedAndNothingLoops) {
  ControlPair pair;
  pair.Connect();
  pair.Advance(absl::Seconds(20));
  Keypair* const old = pair.slot_in_a().current.load();
  old->SetSendCounterForTest(kRejectAfterMessages);
  EXPECT_FALSE(pair.a.SendData(pair.now, pair.slot_in_a()));
  const size_t received = pair.b.data_received;
  pair.a.Stage(pair.now, pair.slot_in_a());
  pair.Deliver();
  EXPECT_NE(pair.slot_in_a().current.load(), old);
  EXPECT_EQ(pair.b.data_received, received + 1);
}

}  // namespace
}  // namespace ringwire
