#include "core/datapath/handshake_gate.h"

#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace ringwire {
namespace {

constexpr size_t kLoadThreshold = kHandshakeQueueMax / 8;
// A cookie reply has no mac1 to prove that it knows us, so it may only use a queue that is nearly
// empty, and can neither displace a handshake nor declare a load.
constexpr size_t kCookieReplyThreshold = kHandshakeQueueMax / 16;

}  // namespace

HandshakeGate::HandshakeGate(SharedState* shared, WorkerLink* link, crypto::Random* random,
                             WorkerCounters* counters)
    : shared_(shared),
      link_(link),
      random_(random),
      counters_(counters),
      sources_(random->Uint64(), counters) {}

std::optional<CookieReplyMessage> HandshakeGate::Admit(Instant now, const Endpoint& from,
                                                       MessageKind kind,
                                                       std::span<const uint8_t> message) {
  const CookieChecker* const checker = shared_->cookie_checker.load(std::memory_order_acquire);
  if (checker == nullptr) {
    counters_->Drop(DropReason::kNoPrivateKey);
    return std::nullopt;
  }
  if (kind == MessageKind::kCookieReply) {
    if (link_->handshakes.size() >= kCookieReplyThreshold) {
      counters_->Drop(DropReason::kHandshakeQueueFull);
      return std::nullopt;
    }
  } else {
    if (!checker->IsMac1Valid(message)) {
      counters_->Drop(DropReason::kInvalidMac1);
      return std::nullopt;
    }
    const bool is_flooding =
        kind == MessageKind::kInitiation && sources_.CountInitiation(now, from.remote.address);
    if (is_flooding || IsUnderLoad(now)) {
      if (!checker->IsMac2Valid(message, from.remote)) {
        counters_->Drop(DropReason::kCookieRequired);
        return checker->CreateReply(message, from.remote, *random_);
      }
      if (!sources_.TakeToken(now, from.remote.address)) {
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

bool HandshakeGate::IsUnderLoad(Instant now) {
  if (link_->handshakes.size() > kLoadThreshold) {
    shared_->under_load_until_ns.store((now + absl::Seconds(1)).nanoseconds(),
                                       std::memory_order_relaxed);
    return true;
  }
  return now.nanoseconds() < shared_->under_load_until_ns.load(std::memory_order_relaxed);
}

}  // namespace ringwire
