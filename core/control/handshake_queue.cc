#include "core/control/handshake_queue.h"

#include <utility>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

// A queue that was longer than this gives its memory back when it is empty.
constexpr size_t kKeptPlaces = 512;

bool IsStale(Instant now, const HandshakeDatagram& datagram) {
  return now >= datagram.received + kRekeyTimeout;
}

}  // namespace

void HandshakeQueue::Push(Instant now, HandshakeDatagram&& datagram) {
  if (datagram.is_answer) {
    // Without a cookie the gate lets only a few in, but with one any number.
    if (answers_.size() >= capacity_) {
      shared_->answers_waiting.fetch_sub(1, std::memory_order_relaxed);
      counters_->Drop(DropReason::kHandshakeQueueFull);
      return;
    }
    answers_.push_back(std::move(datagram));
    return;
  }
  while (initiations_ >= capacity_ && IsFrontStale(now)) DropFront();
  if (initiations_ >= capacity_) {
    shared_->initiations_waiting.fetch_sub(1, std::memory_order_relaxed);
    counters_->Drop(DropReason::kHandshakeQueueFull);
    return;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const uint32_t place = free_.back();
  free_.pop_back();
  const SocketAddress source = datagram.from.remote;
  places_[place] = {std::move(datagram), kNone};
  const auto [newest, is_new] = newest_.emplace(source, place);
  if (is_new) {
    line_.push_back(source);
  } else {
    places_[place].older = std::exchange(newest->second, place);
  }
  ++initiations_;
}

std::optional<HandshakeDatagram> HandshakeQueue::Pop(Instant now) {
  while (!answers_.empty()) {
    HandshakeDatagram answer = std::move(answers_.front());
    answers_.pop_front();
    shared_->answers_waiting.fetch_sub(1, std::memory_order_relaxed);
    if (!IsStale(now, answer)) return answer;
    counters_->Drop(DropReason::kHandshakeStale);
  }
  return PopInitiation(now);
}

std::optional<HandshakeDatagram> HandshakeQueue::PopInitiation(Instant now) {
  while (!line_.empty()) {
    if (IsFrontStale(now)) {
      DropFront();
      continue;
    }
    HandshakeDatagram initiation = TakeFromFront();
    GiveMemoryBack();
    return initiation;
  }
  GiveMemoryBack();
  return std::nullopt;
}

HandshakeDatagram HandshakeQueue::TakeFromFront() {
  const SocketAddress source = line_.front();
  line_.pop_front();
  const auto newest = newest_.find(source);
  const uint32_t place = newest->second;
  if (places_[place].older == kNone) {
    newest_.erase(newest);
  } else {
    newest->second = places_[place].older;
    line_.push_back(source);
  }
  free_.push_back(place);
  --initiations_;
  shared_->initiations_waiting.fetch_sub(1, std::memory_order_relaxed);
  return std::move(places_[place].datagram);
}

// If the newest one is stale, so are the others.
bool HandshakeQueue::IsFrontStale(Instant now) const {
  return !line_.empty() && IsStale(now, places_[newest_.at(line_.front())].datagram);
}

void HandshakeQueue::DropFront() {
  const auto newest = newest_.find(line_.front());
  uint32_t count = 0;
  for (uint32_t place = newest->second; place != kNone; place = places_[place].older) {
    free_.push_back(place);
    ++count;
  }
  newest_.erase(newest);
  line_.pop_front();
  initiations_ -= count;
  shared_->initiations_waiting.fetch_sub(count, std::memory_order_relaxed);
  counters_->Drop(DropReason::kHandshakeStale, count);
}

void HandshakeQueue::GiveMemoryBack() {
  if (initiations_ > 0 || places_.size() <= kKeptPlaces) return;
  places_ = {};
  free_ = {};
  line_ = {};
  newest_ = {};
}

}  // namespace ringwire
