#include "core/wire/messages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "core/base/endian.h"

namespace ringwire {
namespace {

using Classified = std::variant<MessageKind, DropReason>;

std::vector<uint8_t> Datagram(uint32_t type, size_t size) {
  std::vector<uint8_t> datagram(size);
  StoreLe32(datagram.data(), type);
  return datagram;
}

TEST(MessagesTest, FieldsLieWhereThePaperPutsThem) {
  EXPECT_EQ(offsetof(InitiationMessage, encrypted_static), 40U);
  EXPECT_EQ(offsetof(InitiationMessage, encrypted_timestamp), 88U);
  EXPECT_EQ(offsetof(InitiationMessage, mac1), 116U);
  EXPECT_EQ(offsetof(InitiationMessage, mac2), 132U);
  EXPECT_EQ(offsetof(ResponseMessage, ephemeral), 12U);
  EXPECT_EQ(offsetof(ResponseMessage, encrypted_nothing), 44U);
  EXPECT_EQ(offsetof(ResponseMessage, mac1), 60U);
  EXPECT_EQ(offsetof(CookieReplyMessage, nonce), 8U);
  EXPECT_EQ(offsetof(CookieReplyMessage, encrypted_cookie), 32U);
  EXPECT_EQ(offsetof(TransportHeader, counter), 8U);
}

TEST(MessagesTest, AcceptsEachKindAtItsSize) {
  EXPECT_EQ(ClassifyMessage(Datagram(1, 148)), Classified(MessageKind::kInitiation));
  EXPECT_EQ(ClassifyMessage(Datagram(2, 92)), Classified(MessageKind::kResponse));
  EXPECT_EQ(ClassifyMessage(Datagram(3, 64)), Classified(MessageKind::kCookieReply));
  EXPECT_EQ(ClassifyMessage(Datagram(4, 32)), Classified(MessageKind::kTransport));
  // Not every peer pads.
  EXPECT_EQ(ClassifyMessage(Datagram(4, 33)), Classified(MessageKind::kTransport));
  EXPECT_EQ(ClassifyMessage(Datagram(4, 65507)), Classified(MessageKind::kTransport));
}

TEST(MessagesTest, RefusesHandshakeMessagesOfEveryOtherSize) {
  const std::vector<std::pair<uint32_t, size_t>> exact = {{1, 148}, {2, 92}, {3, 64}};
  for (const auto& [type, right_size] : exact) {
    for (size_t size = 4; size < 300; ++size) {
      if (size == right_size) continue;
      EXPECT_EQ(ClassifyMessage(Datagram(type, size)), Classified(DropReason::kMessageWrongLength))
          << type << " of " << size << " bytes";
    }
  }
}

TEST(MessagesTest, RefusesTransportWithoutRoomForHeaderAndTag) {
  for (size_t size = 4; size < 32; ++size) {
    EXPECT_EQ(ClassifyMessage(Datagram(4, size)), Classified(DropReason::kDatagramTooShort));
  }
}

TEST(MessagesTest, RefusesDatagramsWithoutAType) {
  for (size_t size = 0; size < 4; ++size) {
    EXPECT_EQ(ClassifyMessage(std::vector<uint8_t>(size, 1)),
              Classified(DropReason::kDatagramTooShort));
  }
}

TEST(MessagesTest, RefusesUnknownTypes) {
  for (uint32_t type = 0; type < 256; ++type) {
    if (type >= 1 && type <= 4) continue;
    for (const size_t size : {4U, 32U, 64U, 92U, 148U}) {
      EXPECT_EQ(ClassifyMessage(Datagram(type, size)), Classified(DropReason::kUnknownMessageType));
    }
  }
}

TEST(MessagesTest, RefusesEveryNonZeroReservedBit) {
  const std::vector<std::pair<uint32_t, size_t>> valid = {{1, 148}, {2, 92}, {3, 64}, {4, 32}};
  for (const auto& [type, size] : valid) {
    for (int bit = 8; bit < 32; ++bit) {
      EXPECT_EQ(ClassifyMessage(Datagram(type | (uint32_t{1} << bit), size)),
                Classified(DropReason::kUnknownMessageType))
          << type << " with bit " << bit;
    }
  }
}

TEST(MessagesTest, LoadsAndExposesTheSameBytes) {
  std::vector<uint8_t> bytes(sizeof(ResponseMessage));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  ResponseMessage message = LoadMessage<ResponseMessage>(bytes);
  EXPECT_EQ(LoadLe32(message.receiver_index), 0x0b0a0908U);
  EXPECT_EQ(message.mac2[15], 91);

  const std::span<const uint8_t> view = MessageBytes(message);
  EXPECT_TRUE(std::equal(view.begin(), view.end(), bytes.begin(), bytes.end()));
  MutableMessageBytes(message)[12] = 0xff;
  EXPECT_EQ(message.ephemeral[0], 0xff);
}

TEST(MessagesDeathTest, LoadingAWrongSizeIsABug) {
  const std::vector<uint8_t> bytes(sizeof(ResponseMessage) - 1);
  EXPECT_DEATH(LoadMessage<ResponseMessage>(bytes), "CHECK failed");
}

}  // namespace
}  // namespace ringwire
