#ifndef RINGWIRE_TESTS_UNIT_CORE_NOISE_HANDSHAKE_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_CORE_NOISE_HANDSHAKE_FIXTURE_H_

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
#include "core/noise/handshake.h"
#include "core/noise/transport.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/x25519.h"
#include "tests/support/seeded_random.h"

// Two identities with the fixed keys of the published vectors, and the steps of a handshake between
// them.
namespace ringwire {

inline constexpr Instant kNow = Instant::FromNanoseconds(5'000'000'000);
inline constexpr uint32_t kInitiatorIndex = 0x11223344;
inline constexpr uint32_t kResponderIndex = 0x55667788;

inline crypto::PrivateKey Filled(uint8_t byte) {
  crypto::PrivateKey key;
  std::fill(key.bytes().begin(), key.bytes().end(), byte);
  return key;
}

inline std::string Hex(std::span<const uint8_t> bytes) {
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
inline Tai64n VectorTimestamp() {
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
inline std::optional<DropReason> CheckFront(const Side& side, MessageKind expected,
                                            std::span<const uint8_t> datagram,
                                            const SocketAddress& source) {
  const std::variant<MessageKind, DropReason> kind = ClassifyMessage(datagram);
  if (const auto* reason = std::get_if<DropReason>(&kind)) return *reason;
  if (std::get<MessageKind>(kind) != expected) return DropReason::kUnknownMessageType;
  if (!side.checker.IsMac1Valid(datagram)) return DropReason::kInvalidMac1;
  if (!side.checker.IsMac2Valid(datagram, source)) return DropReason::kCookieRequired;
  return std::nullopt;
}

inline std::optional<DropReason> Open(const Side& side, const InitiationMessage& message,
                                      OpenedInitiation* opened) {
  if (const auto reason = OpenInitiationStatic(side.local, message, opened)) return reason;
  if (opened->remote_static != side.remote.public_key) return DropReason::kUnknownPeer;
  return OpenInitiationTimestamp(side.remote, message, opened);
}

inline bool Same(const OpenedInitiation& a, const OpenedInitiation& b) {
  return a.remote_index == b.remote_index && a.remote_ephemeral == b.remote_ephemeral &&
         a.remote_static == b.remote_static && a.timestamp == b.timestamp &&
         a.chaining_key == b.chaining_key && a.hash == b.hash;
}

template <typename Message>
inline Message Flip(Message message, size_t bit) {
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
  CreatedResponse Respond(const InitiationMessage& initiation,
                          crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305) {
    OpenedInitiation opened;
    EXPECT_EQ(Open(responder_, initiation, &opened), std::nullopt);
    ConstantRandom random(4);
    std::optional<CreatedResponse> created =
        CreateResponse(responder_.remote, opened, kResponderIndex, random, suite);
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
  void ExpectSameSession(const SessionKeys& ours, const SessionKeys& theirs,
                         crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305) const {
    EXPECT_TRUE(ours.send == theirs.receive);
    EXPECT_TRUE(ours.receive == theirs.send);
    EXPECT_FALSE(ours.send == ours.receive);
    EXPECT_FALSE(ours.send.IsZero());
    EXPECT_EQ(ours.suite, suite);
    EXPECT_EQ(theirs.suite, suite);
    EXPECT_EQ(ours.local_index, theirs.remote_index);
    EXPECT_EQ(ours.remote_index, theirs.local_index);
    EXPECT_TRUE(ours.is_initiator);
    EXPECT_FALSE(theirs.is_initiator);
  }
  void ExpectGenuineResponseCompletes(const CreatedResponse& created) const {
    const auto consumed = Consume(created.message);
    ASSERT_TRUE(std::holds_alternative<SessionKeys>(consumed));
    ExpectSameSession(std::get<SessionKeys>(consumed), created.keys, created.keys.suite);
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

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_UNIT_CORE_NOISE_HANDSHAKE_FIXTURE_H_
