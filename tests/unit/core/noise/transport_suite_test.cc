// The transport extension in the handshake: vectors, agreement, and everything that must not agree.

#include <optional>
#include <vector>

#include "core/noise/keypair.h"
#include "core/wire/constants.h"
#include "tests/unit/core/noise/handshake_fixture.h"

namespace ringwire {
namespace {

constexpr auto kChaCha = crypto::AeadSuite::kChaCha20Poly1305;
constexpr auto kAes = crypto::AeadSuite::kAes256Gcm;

using Keepalive = std::array<uint8_t, kTransportOverheadBytes>;

Keepalive SealedUnder(const Keypair& keypair) {
  Keepalive message{};
  StoreTransportHeader(message.data(), keypair.remote_index(), 0);
  const crypto::SealSegment segment{message.data() + kTransportHeaderBytes, 0};
  crypto::AeadEngine().SealRun(keypair.send_key(), {&segment, 1}, 0);
  return message;
}

bool Opens(const Keypair& keypair, Keepalive message) {
  crypto::OpenSegment segment{message.data() + kTransportHeaderBytes, crypto::kTagBytes, 0, false};
  crypto::AeadEngine().OpenRun(keypair.receive_key(), {&segment, 1});
  return segment.ok;
}

// Vectors.

TEST_F(HandshakeTest, TheOfferIsThatOfTheVectors) {
  const absl::Time time = absl::FromUnixSeconds(1700000000) + absl::Nanoseconds(999'999'999);
  EXPECT_EQ(Hex(Tai64n::From(time).WithOffer().bytes), "400000006553f10a3b525701");
  EXPECT_EQ(Tai64n::From(time).WithOffer(), VectorTimestamp());
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(Initiate()))),
            "de5e3ba6ab184876b482712a8b2ab41de916e0fe646cc0fc9f1ecfa3cc156446");
  EXPECT_TRUE(pending_.offered);
}

TEST_F(HandshakeTest, AesResponseAndItsSessionKeysAreThoseOfTheVectors) {
  const CreatedResponse created = Respond(Initiate(), kAes);
  EXPECT_EQ(Hex(created.message.encrypted_nothing), "4c1db4adf5a81d5ad633638f62cd4d81");
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(created.message))),
            "811f3124709c5e176f9be070113bb4587c57d96840bc67a0dc5f81aad65c51ca");
  EXPECT_EQ(Hex(created.keys.receive.bytes()),
            "8212a75eb1f235de4ba49e6cf309f07891ef5eaa57449718fbb4a1003023b807");
  EXPECT_EQ(Hex(created.keys.send.bytes()),
            "7445514f52064222065092d5cd5611363a1bcf8b9f298d5aad88a1dbd469dc97");
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, TheLabelHashIsThatOfTheVectors) {
  const std::string_view label = "ringwire transport v1 AES-256-GCM";
  const CreatedResponse created = Respond(Initiate(), kAes);
  EXPECT_EQ(Hex(crypto::Blake2s({reinterpret_cast<const uint8_t*>(label.data()), label.size()},
                                MessageBytes(created.message).first(12))),
            "0ef8632a400749498c3f96d7005745090d9f07a84dcf309150974dff12e2f35e");
}

TEST_F(HandshakeTest, FirstAesKeepaliveIsThatOfTheVectors) {
  const auto consumed = Consume(Respond(Initiate(), kAes).message);
  const Keypair keypair(std::get<SessionKeys>(consumed), nullptr, kNow);
  EXPECT_EQ(Hex(SealedUnder(keypair)),
            "04000000887766550000000000000000c8cbaeafbb9e7fa9e0a148b7103c0452");
}

// Agreement.

TEST_F(HandshakeWithoutPskTest, BothEndsDeriveTheSameAesKeys) {
  const CreatedResponse created = Respond(Initiate(), kAes);
  ExpectGenuineResponseCompletes(created);
  const Keypair initiator(std::get<SessionKeys>(Consume(created.message)), nullptr, kNow);
  const Keypair responder(created.keys, nullptr, kNow);
  EXPECT_EQ(initiator.suite(), kAes);
  EXPECT_EQ(initiator.send_key().suite(), kAes);
  EXPECT_TRUE(Opens(responder, SealedUnder(initiator)));
  EXPECT_TRUE(Opens(initiator, SealedUnder(responder)));
}

TEST_F(HandshakeTest, TheSuitesShareNoKeyAndDifferInNothingButTheTagsOnTheWire) {
  const InitiationMessage initiation = Initiate();
  const CreatedResponse chacha = Respond(initiation, kChaCha);
  const CreatedResponse aes = Respond(initiation, kAes);
  EXPECT_FALSE(chacha.keys.send == aes.keys.send);
  EXPECT_FALSE(chacha.keys.receive == aes.keys.receive);
  ResponseMessage expected = chacha.message;
  std::copy(std::begin(aes.message.encrypted_nothing), std::end(aes.message.encrypted_nothing),
            expected.encrypted_nothing);
  EXPECT_EQ(Hex(MessageBytes(expected).first(offsetof(ResponseMessage, mac1))),
            Hex(MessageBytes(aes.message).first(offsetof(ResponseMessage, mac1))));
}

TEST_F(HandshakeTest, DataSealedUnderTheOtherSuiteFails) {
  SessionKeys keys = Respond(Initiate(), kAes).keys;
  SessionKeys swapped = keys;
  std::swap(swapped.send, swapped.receive);
  for (const crypto::AeadSuite suite : {kChaCha, kAes}) {
    keys.suite = suite;
    const Keypair sender(keys, nullptr, kNow);
    swapped.suite = suite;
    EXPECT_TRUE(Opens(Keypair(swapped, nullptr, kNow), SealedUnder(sender)));
    swapped.suite = suite == kAes ? kChaCha : kAes;
    EXPECT_FALSE(Opens(Keypair(swapped, nullptr, kNow), SealedUnder(sender)));
  }
}

// Refusals.

TEST_F(HandshakeTest, WithoutAnOfferAnAesResponseIsRefusedAndAPlainOneStillCompletes) {
  const InitiationMessage initiation = Initiate();
  pending_.offered = false;  // a standard initiator, whose stamp ends in the code by accident
  EXPECT_EQ(Refusal(Respond(initiation, kAes).message), DropReason::kResponseInvalid);
  ExpectGenuineResponseCompletes(Respond(initiation, kChaCha));
}

TEST_F(HandshakeTest, AStampWithoutTheExactCodeLeavesNoOfferPending) {
  for (const uint32_t low : {kOfferAes256Gcm - 1, kOfferAes256Gcm + 1, kOfferAes256Gcm ^ 0x800000,
                             uint32_t{0}, uint32_t{0xffffff}}) {
    Tai64n stamp = VectorTimestamp();
    StoreBe32(stamp.bytes.data() + 8, (LoadBe32(stamp.bytes.data() + 8) & 0xff000000) | low);
    ConstantRandom random(3);
    ASSERT_TRUE(CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex, stamp,
                                 random, &pending_));
    EXPECT_FALSE(pending_.offered) << low;
  }
}

TEST_F(HandshakeTest, AWrongPresharedKeyOpensNeitherSuite) {
  for (const crypto::AeadSuite suite : {kChaCha, kAes}) {
    for (const uint8_t other : {uint8_t{0}, uint8_t{6}}) {
      responder_.remote.preshared_key = Filled(other);
      const InitiationMessage initiation = Initiate();
      EXPECT_EQ(Refusal(Respond(initiation, suite).message), DropReason::kResponseInvalid);
      responder_.remote.preshared_key = Filled(5);
      ExpectGenuineResponseCompletes(Respond(initiation, suite));
    }
  }
}

TEST_F(HandshakeTest, ATagOfOneSuiteInAResponseOfTheOtherIsRefused) {
  const InitiationMessage initiation = Initiate();
  const CreatedResponse aes = Respond(initiation, kAes);
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  SeededRandom random(8);  // another ephemeral key
  const CreatedResponse chacha =
      CreateResponse(responder_.remote, opened, kResponderIndex, random, kChaCha).value();
  for (const auto& [message, tag_of] :
       {std::pair(aes.message, chacha.message), std::pair(chacha.message, aes.message)}) {
    ResponseMessage mixed = message;
    std::copy(std::begin(tag_of.encrypted_nothing), std::end(tag_of.encrypted_nothing),
              mixed.encrypted_nothing);
    EXPECT_EQ(Refusal(mixed), DropReason::kResponseInvalid);
  }
  ExpectGenuineResponseCompletes(aes);
}

// WireGuard's own response leaves the responder's index open; AES-256-GCM binds it.
TEST_F(HandshakeTest, AnAesResponseWithAnotherIndexIsRefused) {
  const CreatedResponse created = Respond(Initiate(), kAes);
  for (size_t bit = 8 * offsetof(ResponseMessage, sender_index);
       bit < 8 * offsetof(ResponseMessage, receiver_index); ++bit) {
    EXPECT_EQ(Refusal(Flip(created.message, bit)), DropReason::kResponseInvalid) << bit;
  }
  for (size_t bit = 0; bit < 8 * sizeof created.message.type; ++bit) {
    EXPECT_EQ(Refusal(Flip(created.message, bit)), DropReason::kResponseInvalid) << bit;
  }
  ExpectGenuineResponseCompletes(created);
}

// Tampering: with and without a mac1 that fits, which anybody can compute.

class TamperTest : public HandshakeTest, public testing::WithParamInterface<bool> {
 protected:
  template <typename Message>
  Message Tampered(const Message& genuine, size_t bit, Side* sender) {
    Message message = Flip(genuine, bit);
    if (GetParam()) sender->generator.AddMacs(MutableMessageBytes(message), kNow);
    return message;
  }
  template <typename Message>
  static bool PassesFront(const Side& side, MessageKind expected, const Message& message) {
    const std::variant<MessageKind, DropReason> kind = ClassifyMessage(MessageBytes(message));
    return std::holds_alternative<MessageKind>(kind) && std::get<MessageKind>(kind) == expected &&
           side.checker.IsMac1Valid(MessageBytes(message));
  }
  // As a responder that can use AES does it.
  std::optional<CreatedResponse> Answer(const InitiationMessage& initiation) {
    if (!PassesFront(responder_, MessageKind::kInitiation, initiation)) return std::nullopt;
    OpenedInitiation opened;
    if (Open(responder_, initiation, &opened).has_value()) return std::nullopt;
    ConstantRandom random(4);
    std::optional<CreatedResponse> created =
        CreateResponse(responder_.remote, opened, kResponderIndex, random,
                       opened.timestamp.HasOffer() ? kAes : kChaCha);
    responder_.generator.AddMacs(MutableMessageBytes(created->message), kNow);
    return created;
  }
  std::optional<SessionKeys> Complete(const ResponseMessage& response) const {
    if (!PassesFront(initiator_, MessageKind::kResponse, response)) return std::nullopt;
    auto consumed = Consume(response);
    if (std::holds_alternative<DropReason>(consumed)) return std::nullopt;
    return std::get<SessionKeys>(consumed);
  }
};

TEST_P(TamperTest, NoFlippedBitOfAnInitiationGivesTwoEndsThatDifferInSuite) {
  const InitiationMessage genuine = Initiate();
  size_t answered = 0;
  for (size_t bit = 0; bit < 8 * sizeof genuine; ++bit) {
    std::optional<CreatedResponse> created = Answer(Tampered(genuine, bit, &initiator_));
    if (!created.has_value()) continue;
    ++answered;
    ASSERT_EQ(created->keys.suite, kAes) << "the offer is authenticated, bit " << bit;
    // Whoever altered the index on the way out may put it right on the way back.
    StoreLe32(created->message.receiver_index, kInitiatorIndex);
    responder_.generator.AddMacs(MutableMessageBytes(created->message), kNow);
    const std::optional<SessionKeys> ours = Complete(created->message);
    if (!ours.has_value()) continue;
    ASSERT_EQ(ours->suite, created->keys.suite) << "bit " << bit;
    ASSERT_TRUE(ours->send == created->keys.receive) << "bit " << bit;
  }
  // Only mac2, which no unloaded responder looks at, and with a mended mac1 what mac1 alone covers.
  EXPECT_EQ(answered, GetParam() ? 8 * (4 + 16 + 16) : 8 * 16);
  ExpectGenuineResponseCompletes(*Answer(genuine));
}

TEST_P(TamperTest, NoFlippedBitOfAResponseGivesTwoEndsThatDifferInSuite) {
  const InitiationMessage initiation = Initiate();
  for (const crypto::AeadSuite suite : {kChaCha, kAes}) {
    const CreatedResponse created = Respond(initiation, suite);
    for (size_t bit = 0; bit < 8 * sizeof created.message; ++bit) {
      const std::optional<SessionKeys> ours = Complete(Tampered(created.message, bit, &responder_));
      if (!ours.has_value()) continue;
      ASSERT_EQ(ours->suite, suite) << "bit " << bit;
      ASSERT_TRUE(ours->send == created.keys.receive) << "bit " << bit;
    }
    ExpectGenuineResponseCompletes(created);
  }
}

INSTANTIATE_TEST_SUITE_P(Mac1Recomputed, TamperTest, testing::Bool());

}  // namespace
}  // namespace ringwire
