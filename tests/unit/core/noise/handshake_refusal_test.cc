// Handshakes that must not succeed: altered, mixed, misdirected, low-order, wrongly keyed.

#include "tests/unit/core/noise/handshake_fixture.h"

namespace ringwire {
namespace {

TEST_F(HandshakeTest, EveryFlippedBitOfAnInitiationIsRefused) {
  ObtainCookies();
  const InitiationMessage genuine = Initiate();
  ASSERT_EQ(CheckFront(responder_, MessageKind::kInitiation, MessageBytes(genuine), source_),
            std::nullopt);
  for (size_t bit = 0; bit < 8 * sizeof genuine; ++bit) {
    const InitiationMessage flipped = Flip(genuine, bit);
    EXPECT_NE(CheckFront(responder_, MessageKind::kInitiation, MessageBytes(flipped), source_),
              std::nullopt)
        << "bit " << bit;
  }
}

TEST_F(HandshakeTest, EveryFlippedBitOfAResponseIsRefused) {
  ObtainCookies();
  const CreatedResponse created = Respond(Initiate());
  ASSERT_EQ(CheckFront(initiator_, MessageKind::kResponse, MessageBytes(created.message), source_),
            std::nullopt);
  for (size_t bit = 0; bit < 8 * sizeof created.message; ++bit) {
    const ResponseMessage flipped = Flip(created.message, bit);
    EXPECT_NE(CheckFront(initiator_, MessageKind::kResponse, MessageBytes(flipped), source_),
              std::nullopt)
        << "bit " << bit;
  }
}

// mac1 needs no secret, so an attacker repairs it: what follows must be held by the handshake
// itself.
TEST_F(HandshakeTest, FlippedInitiationFieldsAreRefusedWithoutMacsAndChangeNothing) {
  const InitiationMessage genuine = Initiate();
  OpenedInitiation before;
  ASSERT_EQ(Open(responder_, genuine, &before), std::nullopt);
  for (size_t bit = 8 * offsetof(InitiationMessage, ephemeral);
       bit < 8 * offsetof(InitiationMessage, mac1); ++bit) {
    const InitiationMessage flipped = Flip(genuine, bit);
    OpenedInitiation opened = before;
    const bool in_timestamp = bit / 8 >= offsetof(InitiationMessage, encrypted_timestamp);
    if (!in_timestamp) {
      ASSERT_EQ(OpenInitiationStatic(responder_.local, flipped, &opened),
                DropReason::kInitiationStaticInvalid)
          << "bit " << bit;
      ASSERT_TRUE(Same(opened, before)) << "bit " << bit;
      continue;
    }
    ASSERT_EQ(OpenInitiationStatic(responder_.local, flipped, &opened), std::nullopt);
    const OpenedInitiation half = opened;
    ASSERT_EQ(OpenInitiationTimestamp(responder_.remote, flipped, &opened),
              DropReason::kInitiationTimestampInvalid)
        << "bit " << bit;
    ASSERT_TRUE(Same(opened, half)) << "bit " << bit;
    ASSERT_EQ(opened.timestamp, Tai64n());
  }
}

TEST_F(HandshakeTest, FlippedResponseFieldsAreRefusedWithoutMacsAndThePendingHandshakeSurvives) {
  const CreatedResponse created = Respond(Initiate());
  for (size_t bit = 8 * offsetof(ResponseMessage, receiver_index);
       bit < 8 * offsetof(ResponseMessage, mac1); ++bit) {
    const bool in_index = bit / 8 < offsetof(ResponseMessage, ephemeral);
    ASSERT_EQ(Refusal(Flip(created.message, bit)),
              in_index ? DropReason::kResponseUnknownIndex : DropReason::kResponseInvalid)
        << "bit " << bit;
  }
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, TruncatedMessagesAreRefused) {
  ObtainCookies();
  const InitiationMessage initiation = Initiate();
  for (size_t size = 0; size < sizeof initiation; ++size) {
    EXPECT_NE(CheckFront(responder_, MessageKind::kInitiation, MessageBytes(initiation).first(size),
                         source_),
              std::nullopt);
  }
  const CreatedResponse created = Respond(initiation);
  for (size_t size = 0; size < sizeof created.message; ++size) {
    EXPECT_NE(CheckFront(initiator_, MessageKind::kResponse,
                         MessageBytes(created.message).first(size), source_),
              std::nullopt);
  }
}

TEST_F(HandshakeTest, ZeroedFieldsAreRefused) {
  const InitiationMessage genuine = Initiate();
  OpenedInitiation opened;
  InitiationMessage zeroed = genuine;
  std::fill(std::begin(zeroed.encrypted_static), std::end(zeroed.encrypted_static), uint8_t{0});
  EXPECT_EQ(Open(responder_, zeroed, &opened), DropReason::kInitiationStaticInvalid);
  zeroed = genuine;
  std::fill(std::begin(zeroed.encrypted_timestamp), std::end(zeroed.encrypted_timestamp),
            uint8_t{0});
  EXPECT_EQ(Open(responder_, zeroed, &opened), DropReason::kInitiationTimestampInvalid);
  ResponseMessage response = Respond(genuine).message;
  std::fill(std::begin(response.encrypted_nothing), std::end(response.encrypted_nothing),
            uint8_t{0});
  EXPECT_EQ(Refusal(response), DropReason::kResponseInvalid);
}

TEST_F(HandshakeTest, FieldsOfTwoInitiationsDoNotMix) {
  SeededRandom random(6);
  const InitiationMessage a = Initiate();
  PendingInitiation other_pending;
  const InitiationMessage b = CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex,
                                               VectorTimestamp(), random, &other_pending)
                                  .value();
  OpenedInitiation opened;
  InitiationMessage mixed = a;
  std::copy(std::begin(b.ephemeral), std::end(b.ephemeral), mixed.ephemeral);
  EXPECT_EQ(Open(responder_, mixed, &opened), DropReason::kInitiationStaticInvalid);
  mixed = a;
  std::copy(std::begin(b.encrypted_static), std::end(b.encrypted_static), mixed.encrypted_static);
  EXPECT_EQ(Open(responder_, mixed, &opened), DropReason::kInitiationStaticInvalid);
  mixed = a;
  std::copy(std::begin(b.encrypted_timestamp), std::end(b.encrypted_timestamp),
            mixed.encrypted_timestamp);
  EXPECT_EQ(Open(responder_, mixed, &opened), DropReason::kInitiationTimestampInvalid);
}

TEST_F(HandshakeTest, TheResponseToAnotherInitiationIsRefusedAndTheRightOneStillCompletes) {
  SeededRandom random(7);
  PendingInitiation other_pending;
  const InitiationMessage other =
      CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex, VectorTimestamp(),
                       random, &other_pending)
          .value();
  const CreatedResponse created = Respond(Initiate());
  EXPECT_EQ(Refusal(Respond(other).message), DropReason::kResponseInvalid);
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, AResponseWithSwappedPartsIsRefused) {
  const InitiationMessage initiation = Initiate();
  const CreatedResponse created = Respond(initiation);
  SeededRandom random(8);
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  const auto other = CreateResponse(responder_.remote, opened, kResponderIndex, random).value();
  ResponseMessage mixed = created.message;
  std::copy(std::begin(other.message.ephemeral), std::end(other.message.ephemeral),
            mixed.ephemeral);
  EXPECT_EQ(Refusal(mixed), DropReason::kResponseInvalid);
  // The initiator's own ephemeral, reflected.
  mixed = created.message;
  std::copy(std::begin(initiation.ephemeral), std::end(initiation.ephemeral), mixed.ephemeral);
  EXPECT_EQ(Refusal(mixed), DropReason::kResponseInvalid);
}

TEST_F(HandshakeTest, AnInitiationToAnotherResponderIsRefused) {
  const Side other(Filled(7), initiator_.local.public_key, Filled(5));
  OpenedInitiation opened;
  EXPECT_EQ(Open(other, Initiate(), &opened), DropReason::kInitiationStaticInvalid);
}

TEST_F(HandshakeTest, AStaticKeyWithoutItsPrivateKeyIsRefused) {
  // Someone who knows only public keys claims to be the initiator.
  LocalIdentity claimed = LocalIdentity::From(Filled(7));
  RemoteIdentity remote = initiator_.remote;
  ASSERT_TRUE(remote.Compute(claimed));
  claimed.public_key = initiator_.local.public_key;
  ConstantRandom random(3);
  const auto message =
      CreateInitiation(claimed, remote, kInitiatorIndex, VectorTimestamp(), random, &pending_);
  OpenedInitiation opened;
  EXPECT_EQ(Open(responder_, message.value(), &opened), DropReason::kInitiationTimestampInvalid);
  EXPECT_EQ(opened.timestamp, Tai64n());
}

TEST_F(HandshakeTest, AnUnknownStaticKeyIsNamedSoThatItCanBeRefused) {
  const Side stranger(Filled(7), responder_.local.public_key, Filled(5));
  ConstantRandom random(3);
  const auto message = CreateInitiation(stranger.local, stranger.remote, kInitiatorIndex,
                                        VectorTimestamp(), random, &pending_);
  OpenedInitiation opened;
  EXPECT_EQ(Open(responder_, message.value(), &opened), DropReason::kUnknownPeer);
  EXPECT_EQ(opened.remote_static, stranger.local.public_key);
}

TEST_F(HandshakeTest, AResponderWithoutTheStaticKeyIsRefused) {
  const InitiationMessage initiation = Initiate();
  const CreatedResponse genuine = Respond(initiation);
  // It saw the initiation on the wire and knows every public key, but none of the chaining key.
  OpenedInitiation guessed;
  guessed.remote_index = kInitiatorIndex;
  guessed.remote_ephemeral = std::to_array(initiation.ephemeral);
  guessed.remote_static = initiator_.local.public_key;
  ConstantRandom random(4);
  const auto forged = CreateResponse(responder_.remote, guessed, kResponderIndex, random).value();
  EXPECT_EQ(Refusal(forged.message), DropReason::kResponseInvalid);
  ExpectGenuineResponseCompletes(genuine);
}

TEST_F(HandshakeTest, DifferentPresharedKeysMakeNoSession) {
  for (const uint8_t other : {uint8_t{0}, uint8_t{6}}) {
    initiator_.remote.preshared_key = Filled(5);
    responder_.remote.preshared_key = Filled(other);
    const InitiationMessage initiation = Initiate();
    EXPECT_EQ(Refusal(Respond(initiation).message), DropReason::kResponseInvalid);
    // Rule 1: once the other end has the right one, the same pending handshake completes.
    responder_.remote.preshared_key = Filled(5);
    ExpectGenuineResponseCompletes(Respond(initiation));
  }
}

// The seven points of small order and their non-canonical spellings (rule 13).
std::vector<crypto::PublicKey> LowOrderPoints() {
  const std::array<std::string_view, 7> hex = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  std::vector<crypto::PublicKey> points;
  for (const std::string_view text : hex) {
    crypto::PublicKey point;
    for (size_t i = 0; i < point.size(); ++i) {
      std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, point[i], 16);
    }
    points.push_back(point);
    point[31] |= 0x80;  // X25519 ignores the top bit
    points.push_back(point);
  }
  return points;
}

TEST_F(HandshakeTest, LowOrderEphemeralsAreRefused) {
  const InitiationMessage genuine = Initiate();
  const CreatedResponse created = Respond(genuine);
  for (const crypto::PublicKey& point : LowOrderPoints()) {
    InitiationMessage initiation = genuine;
    std::copy(point.begin(), point.end(), initiation.ephemeral);
    OpenedInitiation opened;
    EXPECT_EQ(OpenInitiationStatic(responder_.local, initiation, &opened),
              DropReason::kZeroSharedSecret)
        << Hex(point);
    EXPECT_TRUE(Same(opened, OpenedInitiation()));

    ResponseMessage response = created.message;
    std::copy(point.begin(), point.end(), response.ephemeral);
    EXPECT_EQ(Refusal(response), DropReason::kZeroSharedSecret) << Hex(point);

    ASSERT_EQ(Open(responder_, genuine, &opened), std::nullopt);
    opened.remote_ephemeral = point;
    ConstantRandom random(4);
    EXPECT_FALSE(CreateResponse(responder_.remote, opened, kResponderIndex, random).has_value());
  }
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, LowOrderStaticKeysAreRefusedInBothRoles) {
  for (const crypto::PublicKey& point : LowOrderPoints()) {
    RemoteIdentity remote;
    remote.public_key = point;
    EXPECT_FALSE(remote.Compute(responder_.local)) << Hex(point);
    EXPECT_TRUE(remote.static_static.IsZero());

    ConstantRandom random(3);
    PendingInitiation pending;
    EXPECT_FALSE(CreateInitiation(initiator_.local, remote, kInitiatorIndex, VectorTimestamp(),
                                  random, &pending)
                     .has_value());
    // The static DH aside, the ephemeral one is zero too.
    remote.static_static = Filled(1);
    EXPECT_FALSE(CreateInitiation(initiator_.local, remote, kInitiatorIndex, VectorTimestamp(),
                                  random, &pending)
                     .has_value());
    EXPECT_EQ(pending.local_index, 0U);
    EXPECT_TRUE(pending.ephemeral.IsZero());

    // An initiation that names such a key is well formed: anybody can make one.
    LocalIdentity claimed = LocalIdentity::From(Filled(7));
    claimed.public_key = point;
    const InitiationMessage message = CreateInitiation(claimed, initiator_.remote, kInitiatorIndex,
                                                       VectorTimestamp(), random, &pending)
                                          .value();
    OpenedInitiation opened;
    ASSERT_EQ(OpenInitiationStatic(responder_.local, message, &opened), std::nullopt);
    EXPECT_EQ(opened.remote_static, point);
    remote.static_static.Zero();
    EXPECT_EQ(OpenInitiationTimestamp(remote, message, &opened), DropReason::kZeroSharedSecret);
    EXPECT_FALSE(CreateResponse(remote, opened, kResponderIndex, random).has_value());
  }
}

TEST_F(HandshakeTest, AnIdentityWithoutItsStaticSecretMakesNoHandshake) {
  const InitiationMessage message = Initiate();
  initiator_.remote.static_static.Zero();
  ConstantRandom random(3);
  EXPECT_FALSE(CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex,
                                VectorTimestamp(), random, &pending_)
                   .has_value());
  OpenedInitiation opened;
  ASSERT_EQ(OpenInitiationStatic(responder_.local, message, &opened), std::nullopt);
  responder_.remote.static_static.Zero();
  EXPECT_EQ(OpenInitiationTimestamp(responder_.remote, message, &opened),
            DropReason::kZeroSharedSecret);
}

}  // namespace
}  // namespace ringwire
