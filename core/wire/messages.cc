#include "core/wire/messages.h"

#include "core/base/endian.h"

namespace ringwire {
namespace {

// The kind of a message that has one size only.
std::variant<MessageKind, DropReason> ExactlySized(MessageKind kind, size_t size, size_t expected) {
  if (size != expected) return DropReason::kMessageWrongLength;
  return kind;
}

}  // namespace

std::variant<MessageKind, DropReason> ClassifyMessage(std::span<const uint8_t> datagram) {
  const size_t size = datagram.size();
  if (size < sizeof(TransportHeader::type)) return DropReason::kDatagramTooShort;
  // Compares all four bytes at once: a message with nonzero reserved bytes has no known type.
  switch (LoadLe32(datagram.data())) {
    case kMessageInitiation:
      return ExactlySized(MessageKind::kInitiation, size, sizeof(InitiationMessage));
    case kMessageResponse:
      return ExactlySized(MessageKind::kResponse, size, sizeof(ResponseMessage));
    case kMessageCookieReply:
      return ExactlySized(MessageKind::kCookieReply, size, sizeof(CookieReplyMessage));
    case kMessageTransport:
      if (size < kTransportOverheadBytes) return DropReason::kDatagramTooShort;
      return MessageKind::kTransport;
    default:
      return DropReason::kUnknownMessageType;
  }
}

}  // namespace ringwire
