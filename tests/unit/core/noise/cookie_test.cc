#include "core/noise/cookie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "crypto/xaead.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(77'000'000'000);
constexpr uint32_t kSenderIndex = 0x11223344;

crypto::SymmetricKey Filled(uint8_t byte) {
  crypto::SymmetricKey key;
  std::fill(key.bytes().begin(), key.bytes().end(), byte);
  return key;
}

crypto::PublicKey Public(uint8_t byte) {
  crypto::PublicKey key;
  key.fill(byte);
  return key;
}

SocketAddress Address(std::string_view text) { return SocketAddress::Parse(text).value(); }

// A message with every field before the macs filled.
template <typename Message>
Message Filling(uint64_t seed) {
  SeededRandom random(seed);
  Message message;
  random.Fill(MutableMessageBytes(message));
  StoreLe32(message.sender_index, kSenderIndex);
  return message;
}

bool IsZero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

// A replier under load, and a sender that talks to it.
class CookieTest : public testing::Test {
 protected:
  CookieReplyMessage Reply(const InitiationMessage& message, const SocketAddress& source) {
    return checker_.CreateReply(MessageBytes(message), source, random_);
  }
  InitiationMessage Send(Instant now) {
    InitiationMessage message = Filling<InitiationMessage>(++sent_);
    generator_.AddMacs(MutableMessageBytes(message), now);
    return message;
  }
  // The sender obtains a cookie for `source`.
  void Obtain(const SocketAddress& source, Instant now) {
    const InitiationMessage message = Send(now);
    ASSERT_TRUE(generator_.ConsumeReply(Reply(message, source), now));
  }
  bool IsMac2Valid(const InitiationMessage& message, const SocketAddress& source) const {
    return checker_.IsMac2Valid(MessageBytes(message), source);
  }

  const SocketAddress v4_ = Address("192.0.2.7:51820");
  const SocketAddress v6_ = Address("[2001:db8::7]:51820");
  SeededRandom random_{1};
  uint64_t sent_ = 0;
  CookieChecker checker_{Public(1), Filled(2), Filled(0)};
  CookieGenerator generator_{Public(1)};
};

TEST_F(CookieTest, Mac1VerifiesForTheKeyItWasMadeFor) {
  InitiationMessage initiation = Send(kNow);
  EXPECT_TRUE(checker_.IsMac1Valid(MessageBytes(initiation)));
  ResponseMessage response = Filling<ResponseMessage>(9);
  generator_.AddMacs(MutableMessageBytes(response), kNow);
  EXPECT_TRUE(checker_.IsMac1Valid(MessageBytes(response)));

  const CookieChecker other(Public(9), Filled(2), Filled(0));
  EXPECT_FALSE(other.IsMac1Valid(MessageBytes(initiation)));
  EXPECT_FALSE(other.IsMac1Valid(MessageBytes(response)));
}

TEST_F(CookieTest, Mac1IsTheKeyedHashOfTheBytesBeforeIt) {
  const InitiationMessage message = Send(kNow);
  const std::string_view label = "mac1----";
  const crypto::Hash key =
      crypto::Blake2s({reinterpret_cast<const uint8_t*>(label.data()), label.size()}, Public(1));
  const crypto::Mac16 expected = crypto::Blake2sMac16(key, MessageBytes(message).first(116));
  EXPECT_EQ(std::to_array(message.mac1), expected);
}

TEST_F(CookieTest, Mac1CoversEveryBitButMac2) {
  const InitiationMessage genuine = Send(kNow);
  for (size_t bit = 0; bit < 8 * sizeof genuine; ++bit) {
    InitiationMessage flipped = genuine;
    MutableMessageBytes(flipped)[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const bool is_mac2 = bit / 8 >= offsetof(InitiationMessage, mac2);
    EXPECT_EQ(checker_.IsMac1Valid(MessageBytes(flipped)), is_mac2) << "bit " << bit;
  }
}

TEST_F(CookieTest, TruncatedMessagesHaveNoValidMacs) {
  Obtain(v4_, kNow);
  const InitiationMessage genuine = Send(kNow);
  for (size_t size = 0; size < sizeof genuine; ++size) {
    EXPECT_FALSE(checker_.IsMac1Valid(MessageBytes(genuine).first(size))) << size;
    EXPECT_FALSE(checker_.IsMac2Valid(MessageBytes(genuine).first(size), v4_)) << size;
  }
}

TEST_F(CookieTest, Mac2IsZeroWithoutACookie) {
  const InitiationMessage message = Send(kNow);
  EXPECT_TRUE(IsZero(message.mac2));
  EXPECT_FALSE(IsMac2Valid(message, v4_));
}

TEST_F(CookieTest, ACookieMakesMac2ValidInBothFamilies) {
  for (const SocketAddress& source : {v4_, v6_}) {
    Obtain(source, kNow);
    const InitiationMessage message = Send(kNow);
    EXPECT_TRUE(checker_.IsMac1Valid(MessageBytes(message)));
    EXPECT_TRUE(IsMac2Valid(message, source)) << source.ToString();
    ResponseMessage response = Filling<ResponseMessage>(9);
    generator_.AddMacs(MutableMessageBytes(response), kNow);
    EXPECT_TRUE(checker_.IsMac2Valid(MessageBytes(response), source));
  }
}

TEST_F(CookieTest, TheCookieIsTheMacOfAddressAndPort) {
  const InitiationMessage message = Send(kNow);
  const std::string_view label = "cookie--";
  const crypto::SymmetricKey key(
      crypto::Blake2s({reinterpret_cast<const uint8_t*>(label.data()), label.size()}, Public(1)));
  const std::vector<uint8_t> v4_bytes = {192, 0, 2, 7, 0xca, 0x6c};
  const std::vector<uint8_t> v6_bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,    0,    0,
                                         0,    0,    0,    0,    0, 0, 0x07, 0xca, 0x6c};
  for (const auto& [source, bytes] : {std::pair(v4_, v4_bytes), std::pair(v6_, v6_bytes)}) {
    const CookieReplyMessage reply = Reply(message, source);
    Cookie cookie;
    ASSERT_TRUE(crypto::XAeadOpen(key, reply.nonce, reply.encrypted_cookie, message.mac1, cookie));
    EXPECT_EQ(cookie, crypto::Blake2sMac16(Filled(2).bytes(), bytes));
  }
}

TEST_F(CookieTest, TheCookieBindsThePort) {
  for (const SocketAddress& source : {v4_, v6_}) {
    Obtain(source, kNow);
    const InitiationMessage message = Send(kNow);
    SocketAddress other = source;
    ++other.port;
    EXPECT_FALSE(IsMac2Valid(message, other));
    other.port = static_cast<uint16_t>(source.port + 256);
    EXPECT_FALSE(IsMac2Valid(message, other));
  }
}

TEST_F(CookieTest, TheCookieBindsEveryByteOfTheAddress) {
  for (const SocketAddress& source : {v4_, v6_}) {
    Obtain(source, kNow);
    const InitiationMessage message = Send(kNow);
    const auto address_bytes = static_cast<size_t>(source.address.Bits() / 8);
    for (size_t i = 0; i < address_bytes; ++i) {
      SocketAddress other = source;
      other.address.bytes[i] ^= 1;
      EXPECT_FALSE(IsMac2Valid(message, other)) << other.ToString();
    }
  }
  Obtain(v4_, kNow);
  const InitiationMessage message = Send(kNow);
  EXPECT_FALSE(IsMac2Valid(message, v6_));
}

TEST_F(CookieTest, AnUnsetAddressIsNotTheUnspecifiedOne) {
  const SocketAddress unspecified = Address("[::]:51820");
  Obtain(unspecified, kNow);
  const InitiationMessage message = Send(kNow);
  EXPECT_TRUE(IsMac2Valid(message, unspecified));
  EXPECT_FALSE(IsMac2Valid(message, SocketAddress{.address = {}, .port = unspecified.port}));
}

TEST_F(CookieTest, Mac2CoversEveryBitOfTheMessageAndItself) {
  Obtain(v4_, kNow);
  const InitiationMessage genuine = Send(kNow);
  ASSERT_TRUE(IsMac2Valid(genuine, v4_));
  for (size_t bit = 0; bit < 8 * sizeof genuine; ++bit) {
    InitiationMessage flipped = genuine;
    MutableMessageBytes(flipped)[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(IsMac2Valid(flipped, v4_)) << "bit " << bit;
  }
}

TEST_F(CookieTest, AnUnsetSecretValidatesNothing) {
  // The cookie that anybody can compute: MAC under a secret of zeros.
  const std::vector<uint8_t> v4_bytes = {192, 0, 2, 7, 0xca, 0x6c};
  const Cookie forged_cookie = crypto::Blake2sMac16(Filled(0).bytes(), v4_bytes);
  InitiationMessage message = Send(kNow);
  const crypto::Mac16 mac2 = crypto::Blake2sMac16(forged_cookie, MessageBytes(message).first(132));
  std::copy(mac2.begin(), mac2.end(), message.mac2);

  EXPECT_FALSE(
      CookieChecker(Public(1), Filled(0), Filled(0)).IsMac2Valid(MessageBytes(message), v4_));
  EXPECT_FALSE(
      CookieChecker(Public(1), Filled(2), Filled(0)).IsMac2Valid(MessageBytes(message), v4_));
}

TEST_F(CookieTest, ARotatedSecretStaysValidForOneRotation) {
  Obtain(v4_, kNow);
  const InitiationMessage message = Send(kNow);
  const CookieChecker rotated(Public(1), Filled(3), Filled(2));
  EXPECT_TRUE(rotated.IsMac2Valid(MessageBytes(message), v4_));
  const CookieChecker rotated_twice(Public(1), Filled(4), Filled(3));
  EXPECT_FALSE(rotated_twice.IsMac2Valid(MessageBytes(message), v4_));
}

TEST_F(CookieTest, NewRepliesUseTheNewSecret) {
  const CookieChecker rotated(Public(1), Filled(3), Filled(2));
  const InitiationMessage first = Send(kNow);
  ASSERT_TRUE(
      generator_.ConsumeReply(rotated.CreateReply(MessageBytes(first), v4_, random_), kNow));
  const InitiationMessage second = Send(kNow);
  EXPECT_TRUE(
      CookieChecker(Public(1), Filled(3), Filled(0)).IsMac2Valid(MessageBytes(second), v4_));
  EXPECT_FALSE(IsMac2Valid(second, v4_));
}

TEST_F(CookieTest, TheCookieIsHeldFor115Seconds) {
  Obtain(v4_, kNow);
  EXPECT_TRUE(IsMac2Valid(Send(kNow + absl::Seconds(115) - absl::Nanoseconds(1)), v4_));
  const InitiationMessage late = Send(kNow + absl::Seconds(115));
  EXPECT_TRUE(IsZero(late.mac2));
  EXPECT_TRUE(checker_.IsMac1Valid(MessageBytes(late)));
}

TEST_F(CookieTest, ANewReplyRenewsTheCookie) {
  Obtain(v4_, kNow);
  const Instant later = kNow + absl::Seconds(100);
  Obtain(v6_, later);
  const InitiationMessage message = Send(later + absl::Seconds(100));
  EXPECT_TRUE(IsMac2Valid(message, v6_));
  EXPECT_FALSE(IsMac2Valid(message, v4_));
}

TEST_F(CookieTest, RepliesNameTheMessageTheyAnswer) {
  const CookieReplyMessage reply = Reply(Send(kNow), v4_);
  EXPECT_EQ(LoadLe32(reply.type), kMessageCookieReply);
  EXPECT_EQ(LoadLe32(reply.receiver_index), kSenderIndex);
  ResponseMessage response = Filling<ResponseMessage>(9);
  EXPECT_EQ(LoadLe32(checker_.CreateReply(MessageBytes(response), v4_, random_).receiver_index),
            kSenderIndex);
}

TEST_F(CookieTest, EveryReplyHasItsOwnNonce) {
  const InitiationMessage message = Send(kNow);
  EXPECT_NE(std::to_array(Reply(message, v4_).nonce), std::to_array(Reply(message, v4_).nonce));
}

TEST_F(CookieTest, OneReplyIsAcceptedForEachMac1Sent) {
  const InitiationMessage message = Send(kNow);
  const CookieReplyMessage first = Reply(message, v4_);
  const CookieReplyMessage second = Reply(message, v6_);
  EXPECT_TRUE(generator_.ConsumeReply(first, kNow));
  EXPECT_FALSE(generator_.ConsumeReply(first, kNow));
  EXPECT_FALSE(generator_.ConsumeReply(second, kNow));
  // The refused ones changed nothing: neither the cookie nor its end.
  EXPECT_FALSE(generator_.ConsumeReply(first, kNow + absl::Seconds(100)));
  EXPECT_TRUE(IsMac2Valid(Send(kNow + absl::Seconds(114)), v4_));
  EXPECT_TRUE(IsZero(Send(kNow + absl::Seconds(115)).mac2));
}

TEST_F(CookieTest, RepliesToNothingAreRefused) {
  const InitiationMessage message = Filling<InitiationMessage>(5);
  EXPECT_FALSE(generator_.ConsumeReply(Reply(message, v4_), kNow));
  EXPECT_TRUE(IsZero(Send(kNow).mac2));
}

TEST_F(CookieTest, ReplyToAnEarlierMessageIsRefused) {
  const InitiationMessage first = Send(kNow);
  const InitiationMessage second = Send(kNow);
  EXPECT_FALSE(generator_.ConsumeReply(Reply(first, v4_), kNow));
  EXPECT_TRUE(generator_.ConsumeReply(Reply(second, v4_), kNow));
}

TEST_F(CookieTest, ReplyOfAnotherKeyIsRefused) {
  const InitiationMessage message = Send(kNow);
  const CookieChecker other(Public(9), Filled(2), Filled(0));
  EXPECT_FALSE(
      generator_.ConsumeReply(other.CreateReply(MessageBytes(message), v4_, random_), kNow));
}

TEST_F(CookieTest, TamperedRepliesAreRefusedAndTheGenuineOneStillCounts) {
  const InitiationMessage message = Send(kNow);
  const CookieReplyMessage genuine = Reply(message, v4_);
  // Type and index are not covered; the receiver's look-up by index takes care of them.
  for (size_t bit = 8 * offsetof(CookieReplyMessage, nonce); bit < 8 * sizeof genuine; ++bit) {
    CookieReplyMessage flipped = genuine;
    MutableMessageBytes(flipped)[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(generator_.ConsumeReply(flipped, kNow)) << "bit " << bit;
  }
  EXPECT_TRUE(generator_.ConsumeReply(genuine, kNow));
}

}  // namespace
}  // namespace ringwire
