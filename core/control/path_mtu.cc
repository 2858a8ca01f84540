#include "core/control/path_mtu.h"

#include <algorithm>

#include "core/wire/constants.h"
#include "core/wire/messages.h"

namespace ringwire {
namespace {

// A silence counts while large packets were sent this long before it.
constexpr absl::Duration kUseIsRecent = absl::Minutes(1);
// A handshake that is answered this soon shows that the path carries small messages.
constexpr absl::Duration kAnsweredAtOnce = absl::Seconds(4);
// An unclear test of a peer that does not answer probes is repeated after this.
constexpr absl::Duration kUnclearRetry = absl::Minutes(1);
// By which a large message may arrive behind a small one that was sent after it.
constexpr absl::Duration kReorderTime = absl::Milliseconds(100);
// Without a session, the path is not checked before this.
constexpr absl::Duration kNoSessionRetry = absl::Seconds(5);

}  // namespace

void PathMtu::LargeSent(Instant now) {
  used_at_ = now;
  if (state_ == State::kWatching) due_ = now;
}

void PathMtu::Answered(Instant now, uint32_t id, uint32_t bytes) {
  if (id != id_ || (state_ != State::kAsking && state_ != State::kTesting)) return;
  if (answered_bytes_ == 0) answered_at_ = now;
  answered_bytes_ = std::max(answered_bytes_, bytes);
  due_ = now;
}

void PathMtu::Unanswered(Instant now) {
  if (used_at_.has_value() && now - *used_at_ < kUseIsRecent) silent_at_ = now;
}

void PathMtu::SessionEstablished(Instant now) {
  if (!silent_at_.has_value()) return;
  const bool at_once = now - *silent_at_ < kAnsweredAtOnce;
  silent_at_.reset();
  if (!at_once || state_ == State::kAsking || state_ == State::kTesting) return;
  suspects_silence_ = true;
  due_ = now;
}

void PathMtu::Postpone(Instant now) { (void)Rest(now, kNoSessionRetry); }

std::optional<PathMtu::Probes> PathMtu::Advance(Instant now, uint32_t mtu, const Traffic& traffic) {
  if (mtu != mtu_) {
    const bool is_first = mtu_ == 0;
    mtu_ = mtu;
    if (!is_first) {
      limit_ = fails_ = 0;
      passes_ = PeerPath::kFloorBytes;
      suspects_silence_ = false;
      state_ = State::kWatching;
      due_ = Instant::InfiniteFuture();
    }
  }
  if (now < due_) return std::nullopt;
  switch (state_) {
    case State::kAsking:
      return JudgeAsking(now, traffic);
    case State::kTesting:
      return JudgeTest(now, traffic);
    case State::kResting:
    case State::kWatching:
      break;
  }
  if (suspects_silence_ && mtu_ > PeerPath::kFloorBytes)
    return Test(now, limit_ != 0 ? limit_ : mtu_, traffic);
  if (state_ == State::kWatching) return Begin(now, traffic);
  state_ = State::kWatching;
  due_ = Instant::InfiniteFuture();
  return std::nullopt;
}

std::optional<PathMtu::Probes> PathMtu::Begin(Instant now, const Traffic& traffic) {
  if (mtu_ <= PeerPath::kFloorBytes) return Rest(now, kPathCheckInterval);
  if (answers_ == Answers::kYes) return Test(now, FirstSize(now), traffic);
  if (now >= ask_again_at_) {
    tries_ = 0;
    return Ask(now);
  }
  if (limit_ != 0 && now >= raise_at_) return Test(now, FirstSize(now), traffic);
  return Rest(now, kPathCheckInterval);
}

std::optional<PathMtu::Probes> PathMtu::Ask(Instant now) {
  state_ = State::kAsking;
  answered_bytes_ = 0;
  sent_at_ = now;
  due_ = now + kPathAnswerTimeout;
  return Probes{.id = ++id_, .bytes = 0, .small = true};
}

std::optional<PathMtu::Probes> PathMtu::JudgeAsking(Instant now, const Traffic& traffic) {
  if (answered_bytes_ > 0) {
    answers_ = Answers::kYes;
    ask_again_after_ = kPathAskAgainMin;
    return Test(now, FirstSize(now), traffic);
  }
  if (++tries_ < kPathTries) return Ask(now);
  answers_ = Answers::kNo;
  ask_again_at_ = now + ask_again_after_;
  ask_again_after_ = std::min(2 * ask_again_after_, kPathAskAgainMax);
  return Rest(now, kPathCheckInterval);
}

std::optional<PathMtu::Probes> PathMtu::Test(Instant now, uint32_t bytes, const Traffic& traffic) {
  test_bytes_ = bytes;
  tries_ = dead_tries_ = 0;
  return SendTest(now, traffic);
}

std::optional<PathMtu::Probes> PathMtu::SendTest(Instant now, const Traffic& traffic) {
  const bool answers = answers_ == Answers::kYes;
  state_ = State::kTesting;
  answered_bytes_ = 0;
  sent_at_ = now;
  at_start_ = traffic;
  keepalive_may_come_ = false;
  due_ = now + (answers ? kPathAnswerTimeout : kPathKeepaliveNotBefore);
  // A small message beside it tells a narrow path from a dead one. From a peer that does not answer
  // probes it would draw the same keepalive.
  return Probes{.id = ++id_, .bytes = test_bytes_, .small = answers};
}

std::optional<PathMtu::Probes> PathMtu::JudgeTest(Instant now, const Traffic& traffic) {
  if (answers_ != Answers::kYes) return Continue(now, JudgeKeepalive(now, traffic), traffic);
  const Verdict verdict = JudgeAnswers(now);
  if (verdict == Verdict::kPending && now >= due_) return SendTest(now, traffic);
  return Continue(now, verdict, traffic);
}

PathMtu::Verdict PathMtu::JudgeAnswers(Instant now) {
  if (answered_bytes_ >= test_bytes_) return Verdict::kPassed;
  due_ = sent_at_ + kPathAnswerTimeout;
  // The large one was sent first: when the small one is answered, it is late.
  if (answered_bytes_ > 0) {
    due_ = std::min(due_, answered_at_ + 2 * (answered_at_ - sent_at_) + kReorderTime);
  }
  if (now < due_) return Verdict::kPending;
  ++(answered_bytes_ > 0 ? tries_ : dead_tries_);
  if (tries_ == kPathTries) return Verdict::kFailed;
  return dead_tries_ == kPathTries ? Verdict::kUnclear : Verdict::kPending;
}

// Nothing else may explain the keepalive, or its absence.
PathMtu::Verdict PathMtu::JudgeKeepalive(Instant now, const Traffic& traffic) {
  const uint64_t sent = traffic.sent_bytes - at_start_.sent_bytes;
  const uint64_t received = traffic.received_bytes - at_start_.received_bytes;
  const bool only_probe = sent == test_bytes_ + kTransportOverheadBytes;
  if (now < sent_at_ + kPathKeepaliveTimeout) {
    if (received > 0) return Verdict::kUnclear;
    keepalive_may_come_ = only_probe;
    due_ = sent_at_ + kPathKeepaliveTimeout;
    return Verdict::kPending;
  }
  if (received == 0) return Verdict::kFailed;
  const bool only_keepalive = received == kTransportOverheadBytes;
  return keepalive_may_come_ && only_probe && only_keepalive ? Verdict::kPassed : Verdict::kUnclear;
}

std::optional<PathMtu::Probes> PathMtu::Continue(Instant now, Verdict verdict,
                                                 const Traffic& traffic) {
  if (verdict == Verdict::kPending) return std::nullopt;
  suspects_silence_ = false;
  const bool answers = answers_ == Answers::kYes;
  if (verdict == Verdict::kUnclear) {
    raise_at_ = std::max(raise_at_, now + kUnclearRetry);
    // It may be another program by now.
    if (answers) answers_ = Answers::kUnknown;
    ask_again_at_ = answers ? now : ask_again_at_;
    return Rest(now, kPathCheckInterval);
  }
  if (verdict == Verdict::kPassed) {
    passes_ = test_bytes_;
    if (test_bytes_ == mtu_) limit_ = fails_ = 0;
  } else {
    fails_ = test_bytes_;
    if (fails_ <= passes_) passes_ = PeerPath::kFloorBytes;
  }
  const uint32_t next = NextSize();
  // Hosts remember a limit that they are told, so a search of seconds tells its end only.
  if (fails_ != 0 && (next == 0 || !answers)) limit_ = passes_;
  if (next == 0) {
    if (verdict == Verdict::kFailed || !answers) raise_at_ = now + kPathRaiseInterval;
    return Rest(now, kPathCheckInterval);
  }
  if (answers) {
    raise_at_ = now + kPathRaiseInterval;
    return Test(now, next, traffic);
  }
  raise_at_ = now + kUnclearRetry;
  return Rest(now, kPathCheckInterval);
}

uint32_t PathMtu::NextSize() const {
  if (fails_ == 0) return 0;
  // Other sizes are padded to larger ones.
  constexpr auto kStep = static_cast<uint32_t>(kPaddingMultiple);
  const uint32_t middle = (passes_ + fails_) / 2 / kStep * kStep;
  return middle > passes_ ? middle : 0;
}

uint32_t PathMtu::FirstSize(Instant now) const {
  if (limit_ == 0) return mtu_;
  if (const uint32_t next = NextSize()) return next;
  return now >= raise_at_ ? mtu_ : limit_;
}

std::optional<PathMtu::Probes> PathMtu::Rest(Instant now, absl::Duration duration) {
  state_ = State::kResting;
  due_ = now + duration;
  return std::nullopt;
}

}  // namespace ringwire
