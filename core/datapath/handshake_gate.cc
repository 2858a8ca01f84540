#include "core/datapath/handshake_gate.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace ringwire {
namespace {

// Cookie replies of one worker: about 5 us each, so at most 1 % of a core. The burst is a batch.
constexpr int64_t kCookieRepliesPerSecond = 2000;
constexpr int64_t kReplyNs = 1'000'000'000 / kCookieRepliesPerSecond;
constexpr int64_t kReplyBurstNs = kReplyNs * static_cast<int64_t>(kBatchRunsMax);

bool HasMac2(std::span<const uint8_t> message) {
  const uint8_t* const mac2 = message.data() + message.size() - sizeof(crypto::Mac16);
  return (LoadLe64(mac2) | LoadLe64(mac2 + 8)) != 0;
}

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
    if (shared_->answers_waiting.load(std::memory_order_relaxed) >= kAnswersWithoutCookie * 2 / 3) {
      counters_->Drop(DropReason::kHandshakeQueueFull);
    } else {
      Push(now, from, kind, message);
    }
    return std::nullopt;
  }
  int64_t* const bucket = may_reply ? ReplyBucket(now, from) : nullptr;
  // Most of a flood ends here, before anything is computed.
  if (kind == MessageKind::kInitiation && bucket == nullptr && !HasMac2(message) &&
      IsUnderLoad(now)) {
    counters_->Drop(DropReason::kCookieRequired);
    counters_->cookie_replies_withheld.Add();
    return std::nullopt;
  }
  if (!IsForOurKey(now, from, kind, message, *checker)) return std::nullopt;
  if (IsCrowded(now, from, kind)) {
    if (!HasMac2(message) || !checker->IsMac2Valid(message, from.remote)) {
      counters_->Drop(DropReason::kCookieRequired);
      if (bucket == nullptr) {
        counters_->cookie_replies_withheld.Add();
        return std::nullopt;
      }
      *bucket = std::max(*bucket, now.nanoseconds() - kReplyBurstNs) + kReplyNs;
      return checker->CreateReply(message, from.remote, *random_);
    }
    if (!sources_->TakeToken(now, from.remote.address, counters_)) {
      counters_->Drop(DropReason::kSourceRateLimited);
      return std::nullopt;
    }
  }
  Push(now, from, kind, message);
  return std::nullopt;
}

int64_t* HandshakeGate::ReplyBucket(Instant now, const Endpoint& from) {
  int64_t* const bucket = shared_->known_sources.Contains(from.remote.address)
                              ? &known_filling_since_ns_
                              : &others_filling_since_ns_;
  return now.nanoseconds() > *bucket ? bucket : nullptr;
}

// Responses are not counted by source: whoever forges that would cost the genuine one its place
// (rule 1).
bool HandshakeGate::IsCrowded(Instant now, const Endpoint& from, MessageKind kind) {
  if (kind == MessageKind::kResponse &&
      shared_->answers_waiting.load(std::memory_order_relaxed) >= kAnswersWithoutCookie) {
    return true;
  }
  // Under load nobody is counted: invented sources would evict those that matter.
  if (IsUnderLoad(now)) return true;
  return kind == MessageKind::kInitiation &&
         sources_->CountInitiation(now, from.remote.address, counters_);
}

void HandshakeGate::Push(Instant now, const Endpoint& from, MessageKind kind,
                         std::span<const uint8_t> message) {
  HandshakeDatagram datagram;
  datagram.from = from;
  datagram.received = now;
  datagram.is_answer = kind != MessageKind::kInitiation;
  datagram.size = static_cast<uint16_t>(message.size());
  DCHECK(message.size() <= datagram.bytes.size());
  std::memcpy(datagram.bytes.data(), message.data(), message.size());
  std::atomic<uint32_t>& waiting =
      datagram.is_answer ? shared_->answers_waiting : shared_->initiations_waiting;
  waiting.fetch_add(1, std::memory_order_relaxed);
  if (!link_->handshakes.TryPush(std::move(datagram))) {
    waiting.fetch_sub(1, std::memory_order_relaxed);
    counters_->Drop(DropReason::kHandshakeQueueFull);
    DeclareLoad(now);
    return;
  }
  counters_->to_control_segments.Add();
  link_->control_has_news = true;
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
  const bool too_many = shared_->initiations_waiting.load(std::memory_order_relaxed) >
                        shared_->initiations_before_load.load(std::memory_order_relaxed);
  // The rest of the queue is for those who show cookies, also while control is busy otherwise.
  if (too_many || link_->handshakes.size() >= kHandshakeQueueMax * 3 / 4) {
    DeclareLoad(now);
    return true;
  }
  return now.nanoseconds() < shared_->under_load_until_ns.load(std::memory_order_relaxed);
}

void HandshakeGate::DeclareLoad(Instant now) {
  shared_->under_load_until_ns.store((now + absl::Seconds(1)).nanoseconds(),
                                     std::memory_order_relaxed);
}

}  // namespace ringwire
