// The transport extension with peers that do not have it: standard WireGuard in both roles, and
// stamps that look like offers and are none.

#include <optional>

#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/noise/handshake.h"
#include "core/wire/messages.h"
#include "tests/unit/core/control/transport_cipher_fixture.h"

namespace ringwire {
namespace {

// A WireGuard host that knows nothing of the extension.
class StandardPeer {
 public:
  StandardPeer(const ControlNode& self, const ControlNode& other)
      : local_(LocalIdentity::From(self.private_key)), macs_(other.public_key) {
    remote_.public_key = other.public_key;
    CHECK(remote_.Compute(local_));
  }

  std::vector<uint8_t> Initiate(Instant now, const Tai64n& timestamp) {
    std::optional<InitiationMessage> message =
        CreateInitiation(local_, remote_, 77, timestamp, random_, &pending_);
    pending_.offered = false;  // it would not know what that is
    macs_.AddMacs(MutableMessageBytes(*message), now);
    return BytesOf(*message);
  }
  std::optional<SessionKeys> Complete(const std::vector<uint8_t>& response) {
    auto result =
        ConsumeResponse(local_, remote_, pending_, LoadMessage<ResponseMessage>(response));
    if (std::holds_alternative<DropReason>(result)) return std::nullopt;
    return std::get<SessionKeys>(result);
  }
  std::vector<uint8_t> Answer(Instant now, const std::vector<uint8_t>& initiation) {
    const auto message = LoadMessage<InitiationMessage>(initiation);
    OpenedInitiation opened;
    CHECK(!OpenInitiationStatic(local_, message, &opened).has_value());
    CHECK(!OpenInitiationTimestamp(remote_, message, &opened).has_value());
    std::optional<CreatedResponse> created = CreateResponse(remote_, opened, 78, random_);
    macs_.AddMacs(MutableMessageBytes(created->message), now);
    return BytesOf(created->message);
  }
  // The confirmation of a session.
  static std::vector<uint8_t> Keepalive(const SessionKeys& keys, uint64_t counter = 0) {
    std::vector<uint8_t> message(kTransportOverheadBytes);
    StoreLe32(message.data(), kMessageTransport);
    StoreLe32(message.data() + 4, keys.remote_index);
    StoreLe64(message.data() + 8, counter);
    const crypto::AeadKey key(keys.suite, keys.send);
    const crypto::SealSegment segment{message.data() + kTransportHeaderBytes, 0};
    crypto::AeadEngine().SealRun(key, {&segment, 1}, counter);
    return message;
  }

 private:
  template <typename Message>
  static std::vector<uint8_t> BytesOf(const Message& message) {
    const std::span<const uint8_t> bytes = MessageBytes(message);
    return {bytes.begin(), bytes.end()};
  }

  const LocalIdentity local_;
  RemoteIdentity remote_;
  CookieGenerator macs_;
  SeededRandom random_{99};
  PendingInitiation pending_;
};

Tai64n WithLowBits(const Tai64n& timestamp, uint32_t low) {
  Tai64n result = timestamp;
  StoreBe32(result.bytes.data() + 8, (LoadBe32(result.bytes.data() + 8) & 0xff000000) | low);
  return result;
}

TEST(TransportCipherTest, OnlyTheExactCodeIsAnOffer) {
  const auto suite_for = [](uint32_t low) {
    AesPair pair;
    StandardPeer initiator(pair.a, pair.b);
    const Tai64n stamp = WithLowBits(Tai64n::From(pair.a.WallAt(pair.now)), low);
    pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
    CHECK(pair.b.sent.size() == 1);
    // A standard initiator takes ChaCha20-Poly1305 only.
    return initiator.Complete(pair.b.sent[0].bytes).has_value() ? kChaCha : kAes;
  };
  EXPECT_EQ(suite_for(kOfferAes256Gcm), kAes);
  for (const uint32_t low :
       {kOfferAes256Gcm - 1, kOfferAes256Gcm + 1, uint32_t{0}, uint32_t{0xffffff}}) {
    EXPECT_EQ(suite_for(low), kChaCha) << low;
  }
  for (int bit = 0; bit < 24; ++bit) {
    EXPECT_EQ(suite_for(kOfferAes256Gcm ^ (1U << bit)), kChaCha) << bit;
  }
}

TEST(TransportCipherTest, AStandardResponderMeetsAnOfferAsAnyStamp) {
  AesPair pair;
  StandardPeer responder(pair.b, pair.a);
  pair.a.Receive(pair.now, pair.b.AsSource(), responder.Answer(pair.now, InitiationOfA(pair)));
  EXPECT_EQ(SuiteInA(pair), kChaCha);
  EXPECT_EQ(pair.a.DroppedTotal(), 0U);
}

TEST(TransportCipherTest, AStandardInitiatorIsAnsweredInChaCha) {
  AesPair pair;
  StandardPeer initiator(pair.a, pair.b);
  const Tai64n stamp = Tai64n::From(pair.a.WallAt(pair.now));
  pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
  const std::optional<SessionKeys> keys = initiator.Complete(TakeOnly(pair.b).bytes);
  ASSERT_TRUE(keys.has_value());
  pair.b.Receive(pair.now, pair.a.AsSource(), StandardPeer::Keepalive(*keys));
  EXPECT_EQ(SuiteInB(pair), kChaCha);
}

TEST(TransportCipherTest, AFalseOfferFailsOnceTheOldSessionLivesAndTheRetrySucceeds) {
  AesPair pair;
  StandardPeer initiator(pair.a, pair.b);
  Tai64n stamp = Tai64n::From(pair.a.WallAt(pair.now));
  pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
  const SessionKeys old = initiator.Complete(TakeOnly(pair.b).bytes).value();
  pair.b.Receive(pair.now, pair.a.AsSource(), StandardPeer::Keepalive(old, 0));
  Keypair* const session = pair.slot_in_b().current.load();
  ASSERT_NE(session, nullptr);

  pair.now = pair.now + kRekeyAfterTime;
  stamp = WithLowBits(Tai64n::From(pair.a.WallAt(pair.now)), kOfferAes256Gcm);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
  EXPECT_FALSE(initiator.Complete(TakeOnly(pair.b).bytes).has_value());
  pair.b.Receive(pair.now, pair.a.AsSource(), StandardPeer::Keepalive(old, 1));
  EXPECT_EQ(pair.slot_in_b().current.load(), session);
  EXPECT_TRUE(pair.b.SendData(pair.now, pair.slot_in_b()));
  pair.b.sent.clear();

  pair.now = pair.now + kRekeyTimeout;
  stamp = WithLowBits(Tai64n::From(pair.a.WallAt(pair.now)), 123);
  pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
  const SessionKeys retried = initiator.Complete(TakeOnly(pair.b).bytes).value();
  pair.b.Receive(pair.now, pair.a.AsSource(), StandardPeer::Keepalive(retried, 0));
  EXPECT_NE(pair.slot_in_b().current.load(), session);
  EXPECT_EQ(SuiteInB(pair), kChaCha);
}

TEST(TransportCipherTest, AfterTwoUnconfirmedAesResponsesTheThirdIsChaChaAndASessionResetsIt) {
  AesPair pair;
  StandardPeer initiator(pair.a, pair.b);
  const auto attempt = [&] {
    pair.now = pair.now + kRekeyTimeout;
    const Tai64n stamp = WithLowBits(Tai64n::From(pair.a.WallAt(pair.now)), kOfferAes256Gcm);
    pair.b.Receive(pair.now, pair.a.AsSource(), initiator.Initiate(pair.now, stamp));
    return initiator.Complete(TakeOnly(pair.b).bytes);
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(attempt().has_value());
    EXPECT_FALSE(attempt().has_value());
    EXPECT_TRUE(attempt().has_value());
    const std::optional<SessionKeys> keys = attempt();
    ASSERT_TRUE(keys.has_value()) << "still unconfirmed: still ChaCha";
    pair.b.Receive(pair.now, pair.a.AsSource(), StandardPeer::Keepalive(*keys));
  }
  const HandshakeCounts counts = pair.b.control->Status(pair.now, absl::Time()).handshakes;
  EXPECT_EQ(counts.responder.started, (std::array<uint64_t, 2>{4, 4}));
  EXPECT_EQ(counts.responder.completed, (std::array<uint64_t, 2>{2, 0}));
}

}  // namespace
}  // namespace ringwire
