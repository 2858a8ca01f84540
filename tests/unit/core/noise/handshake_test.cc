#include "core/noise/handshake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/endian.h"
#include "core/noise/cookie.h"
#include "core/noise/transport.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/x25519.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(5'000'000'000);
constexpr uint32_t kInitiatorIndex = 0x11223344;
constexpr uint32_t kResponderIndex = 0x55667788;

crypto::PrivateKey Filled(uint8_t byte) {
  crypto::PrivateKey key;
  std::fill(key.bytes().begin(), key.bytes().end(), byte);
  return key;
}

std::string Hex(std::span<const uint8_t> bytes) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Gives one byte for ever, so that an ephemeral key is the one of the vectors.
class ConstantRandom final : public crypto::Random {
 public:
  explicit ConstantRandom(uint8_t byte) : byte_(byte) {}
  void Fill(std::span<uint8_t> out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  const uint8_t byte_;
};

// The stamp of the vectors: 1700000000.999999999 with other low bits than rounding leaves.
Tai64n VectorTimestamp() {
  return Tai64n{{0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0x3b, 0x52, 0x57, 0x01}};
}

// One end: its own key, the other's, and the macs in front of the handshake.
struct Side {
  Side(const crypto::PrivateKey& own, const crypto::PublicKey& other,
       const crypto::PresharedKey& preshared_key)
      : local(LocalIdentity::From(own)),
        checker(local.public_key, Filled(9), Filled(0)),
        generator(other) {
    remote.public_key = other;
    remote.preshared_key = preshared_key;
    EXPECT_TRUE(remote.Compute(local));
  }

  LocalIdentity local;
  RemoteIdentity remote;
  CookieChecker checker;
  CookieGenerator generator;
};

// What an end under load does with a handshake message before it opens it.
std::optional<DropReason> CheckFront(const Side& side, MessageKind expected,
                                     std::span<const uint8_t> datagram,
                                     const SocketAddress& source) {
  const std::variant<MessageKind, DropReason> kind = ClassifyMessage(datagram);
  if (const auto* reason = std::get_if<DropReason>(&kind)) return *reason;
  if (std::get<MessageKind>(kind) != expected) return DropReason::kUnknownMessageType;
  if (!side.checker.IsMac1Valid(datagram)) return DropReason::kInvalidMac1;
  if (!side.checker.IsMac2Valid(datagram, source)) return DropReason::kCookieRequired;
  return std::nullopt;
}

std::optional<DropReason> Open(const Side& side, const InitiationMessage& message,
                               OpenedInitiation* opened) {
  if (const auto reason = OpenInitiationStatic(side.local, message, opened)) return reason;
  if (opened->remote_static != side.remote.public_key) return DropReason::kUnknownPeer;
  return OpenInitiationTimestamp(side.remote, message, opened);
}

bool Same(const OpenedInitiation& a, const OpenedInitiation& b) {
  return a.remote_index == b.remote_index && a.remote_ephemeral == b.remote_ephemeral &&
         a.remote_static == b.remote_static && a.timestamp == b.timestamp &&
         a.chaining_key == b.chaining_key && a.hash == b.hash;
}

template <typename Message>
Message Flip(Message message, size_t bit) {
  MutableMessageBytes(message)[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
  return message;
}

class HandshakeTest : public testing::Test {
 protected:
  explicit HandshakeTest(const crypto::PresharedKey& preshared_key = Filled(5))
      : initiator_(Filled(1), crypto::PublicFromPrivate(Filled(2)), preshared_key),
        responder_(Filled(2), crypto::PublicFromPrivate(Filled(1)), preshared_key) {}

  InitiationMessage Initiate() {
    ConstantRandom random(3);
    std::optional<InitiationMessage> message = CreateInitiation(
        initiator_.local, initiator_.remote, kInitiatorIndex, VectorTimestamp(), random, &pending_);
    EXPECT_TRUE(message.has_value());
    initiator_.generator.AddMacs(MutableMessageBytes(*message), kNow);
    return *message;
  }
  CreatedResponse Respond(const InitiationMessage& initiation) {
    OpenedInitiation opened;
    EXPECT_EQ(Open(responder_, initiation, &opened), std::nullopt);
    ConstantRandom random(4);
    std::optional<CreatedResponse> created =
        CreateResponse(responder_.remote, opened, kResponderIndex, random);
    EXPECT_TRUE(created.has_value());
    responder_.generator.AddMacs(MutableMessageBytes(created->message), kNow);
    return *created;
  }
  std::variant<SessionKeys, DropReason> Consume(const ResponseMessage& response) const {
    return ConsumeResponse(initiator_.local, initiator_.remote, pending_, response);
  }
  // nullopt: consumed.
  std::optional<DropReason> Refusal(const ResponseMessage& response) const {
    const auto result = Consume(response);
    if (const auto* reason = std::get_if<DropReason>(&result)) return *reason;
    return std::nullopt;
  }
  // Gives both ends a cookie, so that mac2 is there to be checked as well.
  void ObtainCookies() {
    SeededRandom random(1);
    InitiationMessage initiation = Initiate();
    ASSERT_TRUE(initiator_.generator.ConsumeReply(
        responder_.checker.CreateReply(MessageBytes(initiation), source_, random), kNow));
    CreatedResponse created = Respond(initiation);
    ASSERT_TRUE(responder_.generator.ConsumeReply(
        initiator_.checker.CreateReply(MessageBytes(created.message), source_, random), kNow));
  }
  void ExpectSameSession(const SessionKeys& ours, const SessionKeys& theirs) const {
    EXPECT_TRUE(ours.send == theirs.receive);
    EXPECT_TRUE(ours.receive == theirs.send);
    EXPECT_FALSE(ours.send == ours.receive);
    EXPECT_FALSE(ours.send.IsZero());
    EXPECT_EQ(ours.suite, crypto::AeadSuite::kChaCha20Poly1305);
    EXPECT_EQ(theirs.suite, crypto::AeadSuite::kChaCha20Poly1305);
    EXPECT_EQ(ours.local_index, theirs.remote_index);
    EXPECT_EQ(ours.remote_index, theirs.local_index);
    EXPECT_TRUE(ours.is_initiator);
    EXPECT_FALSE(theirs.is_initiator);
  }
  void ExpectGenuineResponseCompletes(const CreatedResponse& created) const {
    const auto consumed = Consume(created.message);
    ASSERT_TRUE(std::holds_alternative<SessionKeys>(consumed));
    ExpectSameSession(std::get<SessionKeys>(consumed), created.keys);
  }

  const SocketAddress source_ = SocketAddress::Parse("192.0.2.7:51820").value();
  Side initiator_;
  Side responder_;
  PendingInitiation pending_;
};

class HandshakeWithoutPskTest : public HandshakeTest {
 protected:
  HandshakeWithoutPskTest() : HandshakeTest(Filled(0)) {}
};

TEST_F(HandshakeTest, InitiationIsThatOfTheVectors) {
  const InitiationMessage message = Initiate();
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(message))),
            "de5e3ba6ab184876b482712a8b2ab41de916e0fe646cc0fc9f1ecfa3cc156446");
}

TEST_F(HandshakeTest, ResponseAndSessionKeysAreThoseOfTheVectors) {
  const CreatedResponse created = Respond(Initiate());
  EXPECT_EQ(Hex(created.message.encrypted_nothing), "b972633b5d864a3205502068fbdaf689");
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(created.message))),
            "62b48e373b51ff5dd39e26b0164bb6a68e8ff2b20123d00430d77c33d221c8eb");
  EXPECT_EQ(Hex(created.keys.receive.bytes()),
            "a18cc809fd05b6b5f99644cf506f89dce368c2f54a9dbeb9a384f36c274317ef");
  EXPECT_EQ(Hex(created.keys.send.bytes()),
            "b1aa1b797d3a45da97552b8084ade493aa767f15af95854bc86557f6dacd851d");
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, FirstKeepaliveIsThatOfTheVectors) {
  const auto consumed = Consume(Respond(Initiate()).message);
  const Keypair keypair(std::get<SessionKeys>(consumed), nullptr, kNow);
  std::array<uint8_t, kTransportOverheadBytes> keepalive{};
  StoreTransportHeader(keepalive.data(), keypair.remote_index(), 0);
  const crypto::SealSegment segment{.data = keepalive.data() + kTransportHeaderBytes, .size = 0};
  crypto::AeadEngine().SealRun(keypair.send_key(), {&segment, 1}, 0);
  EXPECT_EQ(Hex(keepalive), "040000008877665500000000000000002573d3030aabba0c616df8e5a1bab60b");
}

TEST_F(HandshakeTest, MessagesCarryTypeAndIndicesAndNoMacs) {
  ConstantRandom random(3);
  const InitiationMessage initiation =
      CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex, VectorTimestamp(),
                       random, &pending_)
          .value();
  EXPECT_EQ(LoadLe32(initiation.type), kMessageInitiation);
  EXPECT_EQ(LoadLe32(initiation.sender_index), kInitiatorIndex);
  EXPECT_EQ(std::to_array(initiation.mac1), crypto::Mac16{});
  EXPECT_EQ(std::to_array(initiation.mac2), crypto::Mac16{});

  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  const ResponseMessage response =
      CreateResponse(responder_.remote, opened, kResponderIndex, random).value().message;
  EXPECT_EQ(LoadLe32(response.type), kMessageResponse);
  EXPECT_EQ(LoadLe32(response.sender_index), kResponderIndex);
  EXPECT_EQ(LoadLe32(response.receiver_index), kInitiatorIndex);
  EXPECT_EQ(std::to_array(response.mac1), crypto::Mac16{});
  EXPECT_EQ(std::to_array(response.mac2), crypto::Mac16{});
}

TEST_F(HandshakeTest, OpeningYieldsWhoAndWhen) {
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, Initiate(), &opened), std::nullopt);
  EXPECT_EQ(opened.remote_index, kInitiatorIndex);
  EXPECT_EQ(opened.remote_static, initiator_.local.public_key);
  EXPECT_EQ(opened.remote_ephemeral, crypto::PublicFromPrivate(Filled(3)));
  EXPECT_EQ(opened.timestamp, VectorTimestamp());
}

TEST_F(HandshakeWithoutPskTest, BothEndsDeriveTheSameKeys) {
  ExpectGenuineResponseCompletes(Respond(Initiate()));
}

TEST_F(HandshakeWithoutPskTest, RandomIdentitiesAgree) {
  SeededRandom random(4);
  for (int i = 0; i < 10; ++i) {
    const crypto::PrivateKey ours = crypto::GeneratePrivateKey(random);
    const crypto::PrivateKey theirs = crypto::GeneratePrivateKey(random);
    crypto::PresharedKey preshared_key;
    random.Fill(preshared_key.bytes());
    const Side a(ours, crypto::PublicFromPrivate(theirs), preshared_key);
    const Side b(theirs, crypto::PublicFromPrivate(ours), preshared_key);
    PendingInitiation pending;
    const InitiationMessage initiation =
        CreateInitiation(a.local, a.remote, random.Uint32(), VectorTimestamp(), random, &pending)
            .value();
    OpenedInitiation opened;
    ASSERT_EQ(Open(b, initiation, &opened), std::nullopt);
    const CreatedResponse created =
        CreateResponse(b.remote, opened, random.Uint32(), random).value();
    const auto consumed = ConsumeResponse(a.local, a.remote, pending, created.message);
    ASSERT_TRUE(std::holds_alternative<SessionKeys>(consumed));
    ExpectSameSession(std::get<SessionKeys>(consumed), created.keys);
  }
}

TEST_F(HandshakeWithoutPskTest, EveryHandshakeHasItsOwnKeys) {
  SeededRandom random(5);
  const InitiationMessage initiation = Initiate();
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  const auto first = CreateResponse(responder_.remote, opened, kResponderIndex, random).value();
  const auto second = CreateResponse(responder_.remote, opened, kResponderIndex, random).value();
  EXPECT_FALSE(first.keys.send == second.keys.send);
  EXPECT_NE(std::to_array(first.message.ephemeral), std::to_array(second.message.ephemeral));
}

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

TEST_F(HandshakeTest, DifferentPresharedKeysDoNotMeet) {
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
