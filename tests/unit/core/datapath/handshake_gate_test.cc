#include "core/datapath/handshake_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/base/endian.h"
#include "core/noise/handshake.h"
#include "core/wire/constants.h"
#include "crypto/x25519.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

class HandshakeGateTest : public ::testing::Test {
 protected:
  HandshakeGateTest()
      : local_(LocalIdentity::From(crypto::GeneratePrivateKey(random_))),
        checker_(local_.public_key, Filled(1), crypto::SymmetricKey()),
        generator_(local_.public_key),
        gate_(&shared_, &link_, &random_, &counters_, &sources_) {
    shared_.cookie_checker = &checker_;
  }

  static crypto::SymmetricKey Filled(uint8_t byte) {
    crypto::SymmetricKey key;
    std::ranges::fill(key.bytes(), byte);
    return key;
  }
  static Endpoint From(const char* text) {
    return {*SocketAddress::Parse(text), *IpAddress::Parse("192.0.2.2"), 0};
  }

  // An initiation as far as the gate looks: right type and length, true mac1, and mac2 where a
  // cookie is held.
  InitiationMessage Initiation(Instant now) {
    InitiationMessage message{};
    random_.Fill({reinterpret_cast<uint8_t*>(&message), sizeof message});
    message.type[0] = 1;
    message.type[1] = message.type[2] = message.type[3] = 0;
    generator_.AddMacs({reinterpret_cast<uint8_t*>(&message), sizeof message}, now);
    return message;
  }
  std::optional<CookieReplyMessage> Admit(Instant now, const Endpoint& from,
                                          const InitiationMessage& message) {
    return gate_.Admit(now, from, MessageKind::kInitiation, MessageBytes(message), true);
  }
  // A response likewise, to the handshake of ours that has this index.
  std::optional<CookieReplyMessage> Respond(const char* from, uint32_t receiver_index) {
    ResponseMessage message{};
    random_.Fill(MutableMessageBytes(message));
    StoreLe32(message.type, kMessageResponse);
    StoreLe32(message.receiver_index, receiver_index);
    generator_.AddMacs(MutableMessageBytes(message), now_);
    return gate_.Admit(now_, From(from), MessageKind::kResponse, MessageBytes(message), true);
  }
  void ReplyWithCookie(uint32_t receiver_index) {
    CookieReplyMessage reply{};
    StoreLe32(reply.type, kMessageCookieReply);
    StoreLe32(reply.receiver_index, receiver_index);
    EXPECT_FALSE(gate_.Admit(now_, From("203.0.113.1:1000"), MessageKind::kCookieReply,
                             MessageBytes(reply), true));
  }
  uint32_t Reserve() { return shared_.index_table.Reserve(random_, now_); }
  // A session of ours, published under an index of its own.
  std::unique_ptr<Keypair> Publish(bool is_initiator) {
    SessionKeys keys;
    keys.local_index = Reserve();
    keys.is_initiator = is_initiator;
    auto keypair = std::make_unique<Keypair>(keys, nullptr, now_);
    shared_.index_table.Publish(keys.local_index, keypair.get());
    return keypair;
  }
  uint64_t Dropped(DropReason reason) const { return counters_.Dropped(reason); }
  void EmptyQueue() {
    HandshakeDatagram ignored;
    while (link_.handshakes.TryPop(&ignored)) {
      (ignored.is_answer ? shared_.answers_waiting : shared_.initiations_waiting) -= 1;
    }
  }

  SeededRandom random_{11};
  SharedState shared_;
  WorkerLink link_;
  WorkerCounters counters_;
  LocalIdentity local_;
  CookieChecker checker_;
  CookieGenerator generator_;
  LoadSources sources_{7};
  HandshakeGate gate_;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
};

TEST_F(HandshakeGateTest, AdmitsMessagesForOurKeyUnchanged) {
  const InitiationMessage message = Initiation(now_);
  EXPECT_FALSE(Admit(now_, From("198.51.100.1:1000"), message));
  HandshakeDatagram admitted;
  ASSERT_TRUE(link_.handshakes.TryPop(&admitted));
  EXPECT_EQ(admitted.from, From("198.51.100.1:1000"));
  EXPECT_TRUE(std::ranges::equal(admitted.message(), MessageBytes(message)));
  EXPECT_TRUE(link_.control_has_news);
}

TEST_F(HandshakeGateTest, NotesWhoseInitiationsAreForAnotherKey) {
  EXPECT_FALSE(Admit(now_, From("198.51.100.1:1000"), Initiation(now_)));
  EXPECT_FALSE(link_.other_server_key.Read().has_value());
  InitiationMessage message = Initiation(now_);
  message.mac1[0] ^= 1;
  EXPECT_FALSE(Admit(now_, From("198.51.100.2:2000"), message));
  const std::optional<NotedSource> noted = link_.other_server_key.Read();
  ASSERT_TRUE(noted.has_value());
  EXPECT_EQ(noted->count, 1U);
  EXPECT_EQ(noted->last_from, *SocketAddress::Parse("198.51.100.2:2000"));
  EXPECT_EQ(noted->last_at, now_);
}

TEST_F(HandshakeGateTest, DropsAnyMessageWithOneBitOfMac1Wrong) {
  for (size_t bit = 0; bit < 128; ++bit) {
    InitiationMessage message = Initiation(now_);
    message.mac1[bit / 8] = static_cast<uint8_t>(message.mac1[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(Admit(now_, From("198.51.100.1:1000"), message));
  }
  EXPECT_EQ(Dropped(DropReason::kInvalidMac1), 128);
  EXPECT_EQ(link_.handshakes.size(), 0);
}

TEST_F(HandshakeGateTest, DropsEverythingWhileTheDeviceHasNoKey) {
  shared_.cookie_checker = nullptr;
  EXPECT_FALSE(Admit(now_, From("198.51.100.1:1000"), Initiation(now_)));
  EXPECT_EQ(Dropped(DropReason::kNoPrivateKey), 1);
  EXPECT_EQ(link_.handshakes.size(), 0);
}

TEST_F(HandshakeGateTest, Rule12OneFlooderGetsCookiesAndNobodyElseNotices) {
  size_t cookies = 0;
  for (int i = 0; i < 50; ++i) {
    cookies += Admit(now_, From("198.51.100.1:1000"), Initiation(now_)).has_value() ? 1 : 0;
  }
  EXPECT_EQ(cookies, 30);
  EXPECT_EQ(Dropped(DropReason::kCookieRequired), 30);
  EXPECT_FALSE(Admit(now_, From("198.51.100.2:1000"), Initiation(now_)));
  EXPECT_EQ(link_.handshakes.size(), 21);
}

// The kernel spreads the ports of one source over the workers.
TEST_F(HandshakeGateTest, Rule12AllWorkersHoldASourceToOneLimit) {
  WorkerLink other_link;
  HandshakeGate other(&shared_, &other_link, &random_, &counters_, &sources_);
  for (int i = 0; i < 30; ++i) {
    (void)Admit(now_, From("198.51.100.1:1000"), Initiation(now_));
    (void)other.Admit(now_, From("198.51.100.1:1001"), MessageKind::kInitiation,
                      MessageBytes(Initiation(now_)), true);
  }
  EXPECT_EQ(link_.handshakes.size() + other_link.handshakes.size(), 20);
}

TEST_F(HandshakeGateTest, ACookieReplyThatNobodySendsIsNotMade) {
  shared_.under_load_until_ns = (now_ + absl::Seconds(10)).nanoseconds();
  const InitiationMessage message = Initiation(now_);
  SeededRandom after_initiation = random_;
  EXPECT_FALSE(gate_.Admit(now_, From("203.0.113.1:1000"), MessageKind::kInitiation,
                           MessageBytes(message), false));
  EXPECT_EQ(Dropped(DropReason::kCookieRequired), 1);
  EXPECT_EQ(random_.Uint64(), after_initiation.Uint64()) << "a nonce was drawn";
}

TEST_F(HandshakeGateTest, TooManyWaitingAskEverySourceForACookieAndForASecondAfter) {
  shared_.initiations_before_load = kInitiationsInFlood;
  for (uint32_t i = 0; i <= kInitiationsInFlood; ++i) {
    const std::string from =
        "198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":1000";
    EXPECT_FALSE(Admit(now_, From(from.c_str()), Initiation(now_))) << i;
  }
  EXPECT_TRUE(Admit(now_, From("203.0.113.1:1000"), Initiation(now_)));
  EmptyQueue();
  EXPECT_TRUE(Admit(now_ + absl::Milliseconds(999), From("203.0.113.2:1000"), Initiation(now_)));
  EXPECT_FALSE(Admit(now_ + absl::Milliseconds(1001), From("203.0.113.3:1000"), Initiation(now_)));
}

TEST_F(HandshakeGateTest, ACookieOpensTheDoorForItsSourceOnly) {
  shared_.under_load_until_ns = (now_ + absl::Seconds(10)).nanoseconds();
  const std::optional<CookieReplyMessage> reply =
      Admit(now_, From("203.0.113.1:1000"), Initiation(now_));
  ASSERT_TRUE(reply);
  ASSERT_TRUE(generator_.ConsumeReply(*reply, now_));
  EXPECT_TRUE(Admit(now_, From("203.0.113.1:1001"), Initiation(now_)).has_value());  // another port
  EXPECT_TRUE(
      Admit(now_, From("203.0.113.2:1000"), Initiation(now_)).has_value());  // another address
  EXPECT_FALSE(Admit(now_, From("203.0.113.1:1000"), Initiation(now_)).has_value());
  EXPECT_EQ(link_.handshakes.size(), 1);
}

TEST_F(HandshakeGateTest, ACookieHolderHasABucketOfFive) {
  shared_.under_load_until_ns = (now_ + absl::Seconds(10)).nanoseconds();
  ASSERT_TRUE(
      generator_.ConsumeReply(*Admit(now_, From("203.0.113.1:1000"), Initiation(now_)), now_));
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(Admit(now_, From("203.0.113.1:1000"), Initiation(now_)));
  EXPECT_EQ(link_.handshakes.size(), 5);
  EXPECT_EQ(Dropped(DropReason::kSourceRateLimited), 3);
}

TEST_F(HandshakeGateTest, AFullQueueDropsAndCounts) {
  for (size_t i = 0; i < kHandshakeQueueMax; ++i) {
    HandshakeDatagram filler;
    ASSERT_TRUE(link_.handshakes.TryPush(std::move(filler)));
  }
  ASSERT_EQ(shared_.initiations_waiting, 0u);
  ASSERT_TRUE(
      generator_.ConsumeReply(*Admit(now_, From("203.0.113.1:1000"), Initiation(now_)), now_));
  EXPECT_FALSE(Admit(now_, From("203.0.113.1:1000"), Initiation(now_)));
  EXPECT_EQ(Dropped(DropReason::kHandshakeQueueFull), 1);
  EXPECT_EQ(shared_.initiations_waiting, 0u) << "it does not wait";
}

// Control may be busy otherwise for longer than the queue lasts.
TEST_F(HandshakeGateTest, TheLastQuarterOfTheQueueIsForThoseWithACookie) {
  size_t admitted = 0;
  for (uint32_t i = 0; i < kHandshakeQueueMax; ++i) {
    const std::string from =
        "198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":1000";
    if (!Admit(now_, From(from.c_str()), Initiation(now_))) admitted = link_.handshakes.size();
  }
  EXPECT_EQ(admitted, kHandshakeQueueMax * 3 / 4);
}

TEST_F(HandshakeGateTest, AtMostSoManyCookieRepliesAreMade) {
  shared_.under_load_until_ns = (now_ + absl::Seconds(10)).nanoseconds();
  const auto flood = [this](Instant at, size_t count) {
    size_t replies = 0;
    for (size_t i = 0; i < count; ++i) {
      if (Admit(at, From("198.51.100.1:1000"), Initiation(at))) ++replies;
    }
    return replies;
  };
  EXPECT_EQ(flood(now_, 1000), kBatchRunsMax);
  EXPECT_EQ(counters_.cookie_replies_withheld.value(), 1000 - kBatchRunsMax);
  EXPECT_EQ(Dropped(DropReason::kCookieRequired), 1000);
  EXPECT_EQ(flood(now_ + absl::Milliseconds(5), 100), 10) << "2,000 a second";
  EXPECT_EQ(flood(now_ + absl::Seconds(5), 100), kBatchRunsMax) << "no more than a burst is saved";
  // Nothing is computed for those that get none, not even mac1.
  InitiationMessage forged = Initiation(now_);
  forged.mac1[0] ^= 1;
  EXPECT_FALSE(Admit(now_ + absl::Seconds(5), From("198.51.100.1:1000"), forged));
  EXPECT_EQ(Dropped(DropReason::kInvalidMac1), 0);
}

TEST_F(HandshakeGateTest, AFloodFromInventedSourcesLeavesPeersTheirReplies) {
  shared_.under_load_until_ns = (now_ + absl::Seconds(10)).nanoseconds();
  shared_.known_sources.Add(*IpAddress::Parse("203.0.113.1"));
  for (int i = 0; i < 1000; ++i) {
    (void)Admit(now_, From("198.51.100.1:1000"), Initiation(now_));
  }
  EXPECT_FALSE(Admit(now_, From("203.0.113.2:1000"), Initiation(now_)));
  EXPECT_TRUE(Admit(now_, From("203.0.113.1:1000"), Initiation(now_)));
}

TEST_F(HandshakeGateTest, AResponseMustAnswerAHandshakeThatAwaitsIt) {
  const uint32_t pending = Reserve();
  const auto session = Publish(/*is_initiator=*/true);
  EXPECT_FALSE(Respond("203.0.113.1:1000", pending ^ 0x80000000u));
  EXPECT_FALSE(Respond("203.0.113.1:1000", session->local_index()));
  EXPECT_FALSE(Respond("203.0.113.1:1000", 0));
  EXPECT_EQ(Dropped(DropReason::kResponseUnknownIndex), 3);
  EXPECT_EQ(link_.handshakes.size(), 0);

  EXPECT_FALSE(Respond("203.0.113.1:1000", pending));
  EXPECT_EQ(link_.handshakes.size(), 1);
  shared_.index_table.Release(pending);
  EXPECT_FALSE(Respond("203.0.113.1:1000", pending));
  EXPECT_EQ(Dropped(DropReason::kResponseUnknownIndex), 4);
  EXPECT_EQ(link_.handshakes.size(), 1);
}

TEST_F(HandshakeGateTest, ACookieReplyMustAnswerAMessageThatAwaitsOne) {
  const uint32_t pending = Reserve();
  const auto initiated = Publish(/*is_initiator=*/true);
  const auto responded = Publish(/*is_initiator=*/false);
  const auto confirmed = Publish(/*is_initiator=*/false);
  EXPECT_TRUE(confirmed->MarkReceived());
  for (const uint32_t index :
       {pending ^ 0x80000000u, initiated->local_index(), confirmed->local_index(), 0u}) {
    ReplyWithCookie(index);
  }
  EXPECT_EQ(Dropped(DropReason::kCookieReplyUnknownIndex), 4);
  EXPECT_EQ(link_.handshakes.size(), 0);

  ReplyWithCookie(pending);                   // to our initiation
  ReplyWithCookie(responded->local_index());  // to our response
  EXPECT_EQ(link_.handshakes.size(), 2);
}

TEST_F(HandshakeGateTest, Rule12AFloodOfResponsesToOurHandshakeLeavesRoomForInitiations) {
  const uint32_t pending = Reserve();
  size_t cookies = 0;
  for (size_t i = 0; i < kHandshakeQueueMax; ++i) {
    cookies += Respond("198.51.100.1:1000", pending).has_value() ? 1 : 0;
  }
  EXPECT_EQ(link_.handshakes.size(), kAnswersWithoutCookie);
  EXPECT_EQ(cookies, kBatchRunsMax);
  EXPECT_EQ(Dropped(DropReason::kCookieRequired), kHandshakeQueueMax - kAnswersWithoutCookie);
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(Admit(now_, From("203.0.113.9:1000"), Initiation(now_)).has_value());
  }
  EXPECT_EQ(link_.handshakes.size(), kAnswersWithoutCookie + 16);
}

TEST_F(HandshakeGateTest, AmongTooManyResponsesTheOneWithACookiePasses) {
  const uint32_t pending = Reserve();
  while (!Respond("198.51.100.1:1000", pending)) {
  }
  const size_t before = link_.handshakes.size();
  const std::optional<CookieReplyMessage> reply = Respond("203.0.113.1:1000", pending);
  ASSERT_TRUE(reply);
  ASSERT_TRUE(generator_.ConsumeReply(*reply, now_));
  EXPECT_FALSE(Respond("203.0.113.1:1000", pending));
  EXPECT_EQ(link_.handshakes.size(), before + 1);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Respond("203.0.113.1:1000", pending));
  EXPECT_EQ(link_.handshakes.size(), before + 5);
  EXPECT_EQ(Dropped(DropReason::kSourceRateLimited), 6);
}

TEST_F(HandshakeGateTest, CookieRepliesNeitherDisplaceHandshakesNorDeclareALoad) {
  const uint32_t pending = Reserve();
  for (size_t i = 0; i < kHandshakeQueueMax; ++i) ReplyWithCookie(pending);
  EXPECT_EQ(link_.handshakes.size(), kAnswersWithoutCookie * 2 / 3);
  EXPECT_FALSE(Admit(now_, From("203.0.113.9:1000"), Initiation(now_)).has_value());
  EXPECT_EQ(link_.handshakes.size(), kAnswersWithoutCookie * 2 / 3 + 1);
}

}  // namespace
}  // namespace ringwire
