#include "core/datapath/handshake_gate.h"

#include <cstddef>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace ringwire {
namespace {

constexpr size_t kLoadThreshold = kHandshakeQueueMax / 8;
// A forged response needs nothing but our public key and an index that was seen on the wire. Where
// responses crowd, they must show a cookie, before initiations need to: without one they neither
// declare a load nor take the last quarter of the room below it.
constexpr size_t kResponseThreshold = kLoadThreshold * 3 / 4;
// A cookie reply has no mac1 to prove that it knows us, so it may only use a queue that is nearly
// empty, and can neither displace a handshake nor declare a load.
constexpr size_t kCookieReplyThreshold = kLoadThreshold / 2;

}  // namespace

HandshakeGate::HandshakeGate(SharedState* shared, WorkerLink* link, crypto::Random* random,
                             WorkerCounters* counters, LoadSources* sources)
    : shared_(shared), link_(link), random_(random), counters_(counters), sources_(sources) {}

std::optional<CookieReplyMessage> HandshakeGate::Admit(Instant now, const Endpoint& from,
                                                       MessageKind kind,
                                                       std::span<const uint8_t> message,
                                                       bool may_reply) {
  const CookieChecker* const checker = shared_->cookie_checker.load(std::memory_order_acquire);
  if (checker == nullptr) {
    counters_->Drop(DropReason::kNoPrivateKey);
    return std::nullopt;
  }
  if (!IsExpected(kind, message)) return std::nullopt;
  if (kind == MessageKind::kCookieReply) {
    if (link_->handshakes.size() >= kCookieReplyThreshold) {
      counters_->Drop(DropReason::kHandshakeQueueFull);
      return std::nullopt;
    }
  } else {
    if (!IsForOurKey(now, from, kind, message, *checker)) return std::nullopt;
    // Responses are not counted by source: whoever forges that would cost the genuine one its place
    // (rule 1).
    const bool is_flooding = kind == MessageKind::kInitiation
                                 ? sources_->CountInitiation(now, from.remote.address, counters_)
                                 : link_->handshakes.size() >= kResponseThreshold;
    if (is_flooding || IsUnderLoad(now)) {
      if (!checker->IsMac2Valid(message, from.remote)) {
        counters_->Drop(DropReason::kCookieRequired);
        if (!may_reply) return std::nullopt;
        return checker->CreateReply(message, from.remote, *random_);
      }
      if (!sources_->TakeToken(now, from.remote.address, counters_)) {
        counters_->Drop(DropReason::kSourceRateLimited);
        return std::nullopt;
      }
    }
  }
  HandshakeDatagram datagram;
  datagram.from = from;
  datagram.size = static_cast<uint16_t>(message.size());
  DCHECK(message.size() <= datagram.bytes.size());
  std::memcpy(datagram.bytes.data(), message.data(), message.size());
  if (!link_->handshakes.TryPush(std::move(datagram))) {
    counters_->Drop(DropReason::kHandshakeQueueFull);
    return std::nullopt;
  }
  counters_->to_control_segments.Add();
  link_->control_has_news = true;
  return std::nullopt;
}

bool HandshakeGate::IsForOurKey(Instant now, const Endpoint& from, MessageKind kind,
                                std::span<const uint8_t> message, const CookieChecker& checker) {
  if (checker.IsMac1Valid(message)) return true;
  if (kind == MessageKind::kInitiation) link_->other_server_key.Note(now, from.remote);
  counters_->Drop(DropReason::kInvalidMac1);
  return false;
}

bool HandshakeGate::IsExpected(MessageKind kind, std::span<const uint8_t> message) {
  const IndexTable& indices = shared_->index_table;
  switch (kind) {
    case MessageKind::kResponse:
      if (indices.IsPending(LoadLe32(message.data() + offsetof(ResponseMessage, receiver_index)))) {
        return true;
      }
      counters_->Drop(DropReason::kResponseUnknownIndex);
      return false;
    case MessageKind::kCookieReply: {
      const uint32_t index =
          LoadLe32(message.data() + offsetof(CookieReplyMessage, receiver_index));
      if (indices.IsPending(index)) return true;
      // Our response made a session at once; until something comes in under it, the initiator may
      // have asked for a cookie instead.
      const Keypair* const session = indices.Find(index);
      if (session != nullptr && !session->is_initiator() && !session->has_received()) return true;
      counters_->Drop(DropReason::kCookieReplyUnknownIndex);
      return false;
    }
    case MessageKind::kInitiation:
    case MessageKind::kTransport:  // never comes here
      break;
  }
  return true;
}

bool HandshakeGate::IsUnderLoad(Instant now) {
  if (link_->handshakes.size() > kLoadThreshold) {
    shared_->under_load_until_ns.store((now + absl::Seconds(1)).nanoseconds(),
                                       std::memory_order_relaxed);
    return true;
  }
  return now.nanoseconds() < shared_->under_load_until_ns.load(std::memory_order_relaxed);
}

}  // namespace ringwire
