#ifndef RINGWIRE_CORE_WIRE_MESSAGES_H_
#define RINGWIRE_CORE_WIRE_MESSAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <variant>

#include "core/base/check.h"
#include "core/base/drop_reason.h"

namespace ringwire {

// The four messages exactly as they lie on the wire (WP §5.4). Integers are little-endian byte
// arrays, so that the structs have alignment 1 and can be laid over any buffer. `type` is the
// message type with its three zero bytes.
inline constexpr uint32_t kMessageInitiation = 1;
inline constexpr uint32_t kMessageResponse = 2;
inline constexpr uint32_t kMessageCookieReply = 3;
inline constexpr uint32_t kMessageTransport = 4;

struct InitiationMessage {
  uint8_t type[4];
  uint8_t sender_index[4];
  uint8_t ephemeral[32];
  uint8_t encrypted_static[48];
  uint8_t encrypted_timestamp[28];
  uint8_t mac1[16];
  uint8_t mac2[16];
};
struct ResponseMessage {
  uint8_t type[4];
  uint8_t sender_index[4];
  uint8_t receiver_index[4];
  uint8_t ephemeral[32];
  uint8_t encrypted_nothing[16];
  uint8_t mac1[16];
  uint8_t mac2[16];
};
struct CookieReplyMessage {
  uint8_t type[4];
  uint8_t receiver_index[4];
  uint8_t nonce[24];
  uint8_t encrypted_cookie[32];
};
struct TransportHeader {
  uint8_t type[4];
  uint8_t receiver_index[4];
  uint8_t counter[8];
};
static_assert(sizeof(InitiationMessage) == 148 && alignof(InitiationMessage) == 1);
static_assert(sizeof(ResponseMessage) == 92 && alignof(ResponseMessage) == 1);
static_assert(sizeof(CookieReplyMessage) == 64 && alignof(CookieReplyMessage) == 1);
static_assert(sizeof(TransportHeader) == 16 && alignof(TransportHeader) == 1);

inline constexpr size_t kTransportHeaderBytes = sizeof(TransportHeader);
inline constexpr size_t kTransportTagBytes = 16;
// The bytes that a transport message adds to its (padded) packet; also the size of a keepalive.
inline constexpr size_t kTransportOverheadBytes = kTransportHeaderBytes + kTransportTagBytes;
// The largest message of a handshake.
inline constexpr size_t kHandshakeBytesMax = sizeof(InitiationMessage);

// The kind of a datagram, from its first four bytes and its length, or why it is invalid. Nothing
// is authenticated yet.
enum class MessageKind : uint8_t { kInitiation, kResponse, kCookieReply, kTransport };
std::variant<MessageKind, DropReason> ClassifyMessage(std::span<const uint8_t> datagram);

// A message of exactly the right size as bytes, and the reverse (size CHECKed: classify first).
template <typename Message>
Message LoadMessage(std::span<const uint8_t> bytes) {
  CHECK(bytes.size() == sizeof(Message));
  Message message;
  std::memcpy(&message, bytes.data(), sizeof message);
  return message;
}
template <typename Message>
std::span<const uint8_t> MessageBytes(const Message& message) {
  return {reinterpret_cast<const uint8_t*>(&message), sizeof(Message)};
}
// The same to write into, for CookieGenerator::AddMacs.
template <typename Message>
std::span<uint8_t> MutableMessageBytes(Message& message) {
  return {reinterpret_cast<uint8_t*>(&message), sizeof(Message)};
}

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_MESSAGES_H_
