// Many clients shake hands with one server, either as fast as it answers, with initiations that
// were made beforehand, or at a rate, each client with retries and cookies as the paper has them.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <vector>

#include "bench/load/clients.h"
#include "bench/load/commands.h"
#include "bench/load/load_socket.h"
#include "core/base/endian.h"
#include "core/device/key_text.h"
#include "core/wire/constants.h"
#include "crypto/x25519.h"

namespace ringwire::bench {
namespace {

class Handshakes {
 public:
  explicit Handshakes(const LoadOptions& options) : options_(options), socket_(options.to) {
    const Instant begin = Now();
    for (uint32_t i = 0; i < options.count; ++i) {
      states_.emplace_back(std::make_unique<Client>(options.first + i, options.server));
      states_.back().client->Prepare(random_);
    }
    preparation_ = Now() - begin;
  }

  int Run() {
    begin_ = last_answer_ = Now();
    while (!IsOver()) {
      StartDue();
      RetryDue();
      (void)socket_.Send();
      socket_.Receive(1, [this](const Arrived& arrived) { Take(arrived.bytes); });
      while (!waiting_.empty() && states_[waiting_.front()].IsDone(Now(), options_.patience)) {
        waiting_.pop_front();
      }
    }
    Print();
    return 0;
  }

 private:
  struct State {
    explicit State(std::unique_ptr<Client> its) : client(std::move(its)) {}
    bool IsDone(Instant now, double patience) const {
      return answered || now - first_sent > absl::Seconds(patience);
    }
    std::unique_ptr<Client> client;
    Instant first_sent, last_sent;
    absl::Duration took, last_took;  // from the first initiation and from the last one
    bool answered = false;
    bool had_cookie = false;  // the initiation that was answered
  };

  static Instant Now() {
    return Instant::FromNanoseconds(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
  }
  bool IsOver() const { return started_ == states_.size() && waiting_.empty(); }

  void StartDue() {
    const auto elapsed = absl::ToDoubleSeconds(Now() - begin_);
    size_t due = options_.rate > 0
                     ? static_cast<size_t>(elapsed * options_.rate) + 1
                     : started_ + options_.window - std::min<size_t>(options_.window, open_);
    due = std::min({due, states_.size(), started_ + LoadSocket::kBatch});
    for (; started_ < due; ++started_) {
      states_[started_].first_sent = Now();
      waiting_.push_back(started_);
      ++open_;
      Send(states_[started_]);
    }
  }
  // Only with a rate: otherwise the server's answers set the pace, and a lost one is counted.
  void RetryDue() {
    const Instant now = Now();
    for (const size_t index : waiting_) {
      State& state = states_[index];
      if (options_.rate == 0 || state.answered || now - state.last_sent < kRekeyTimeout) continue;
      state.client->Prepare(random_);
      Send(state);
    }
  }
  void Send(State& state) {
    if (socket_.is_full()) (void)socket_.Send();
    state.last_sent = Now();
    state.had_cookie = state.client->has_cookie();
    const std::span<const uint8_t> message = state.client->Initiation(state.last_sent);
    std::ranges::copy(message, socket_.Reserve().begin());
    socket_.Add(message.size(), SourceOf(state));
  }
  uint32_t SourceOf(const State& state) const {
    return options_.sources == 0 ? 0 : options_.sources + state.client->number();
  }
  // The client that a message is for, by the index that it chose.
  State* StateOf(const uint8_t* index) {
    const uint32_t number = LoadLe32(index) - options_.first;
    return number < started_ ? &states_[number] : nullptr;
  }

  void Take(std::span<const uint8_t> bytes) {
    if (bytes.size() == sizeof(CookieReplyMessage) && bytes[0] == kMessageCookieReply) {
      ++cookies_;
      State* const state = StateOf(bytes.data() + 4);
      if (state != nullptr) (void)state->client->TakeCookie(bytes, Now());
      return;
    }
    if (bytes.size() != sizeof(ResponseMessage) || bytes[0] != kMessageResponse) return;
    State* const state = StateOf(bytes.data() + 8);
    if (state == nullptr || state->answered) return;
    // Without a rate the machine's CPUs are the server's: a response is counted by its index.
    SessionKeys keys;
    const bool checks = options_.rate > 0 || options_.confirm;
    if (checks && !state->client->TakeResponse(bytes, &keys)) return;
    last_answer_ = Now();
    state->answered = true;
    --open_;
    state->took = last_answer_ - state->first_sent;
    state->last_took = last_answer_ - state->last_sent;
    if (options_.confirm) Confirm(*state, keys);
  }
  void Confirm(const State& state, const SessionKeys& keys) {
    if (socket_.is_full()) (void)socket_.Send();
    const std::vector<uint8_t> message = Seal(keys, {}, 0);
    std::ranges::copy(message, socket_.Reserve().begin());
    socket_.Add(message.size(), SourceOf(state));
  }

  void Print() {
    std::vector<double> took;
    size_t with_cookie = 0, with_cookie_in_1s = 0;
    for (const State& state : states_) {
      if (!state.answered) continue;
      took.push_back(absl::ToDoubleMilliseconds(state.took));
      if (!state.had_cookie) continue;
      ++with_cookie;
      if (state.last_took < absl::Seconds(1)) ++with_cookie_in_1s;
    }
    std::ranges::sort(took);
    const auto percentile = [&took](size_t percent) {
      return took.empty() ? 0.0 : took[std::min(took.size() - 1, took.size() * percent / 100)];
    };
    const double seconds = absl::ToDoubleSeconds(last_answer_ - begin_);
    std::printf(
        "{\"clients\": %zu, \"answered\": %zu, \"seconds\": %.6f, \"per_s\": %.1f, \"p50_ms\": "
        "%.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"cookies\": %zu, \"with_cookie\": %zu, "
        "\"with_cookie_in_1s\": %zu, \"made_per_s\": %.1f}\n",
        states_.size(), took.size(), seconds,
        seconds > 0 ? static_cast<double>(took.size()) / seconds : 0.0, percentile(50),
        percentile(99), percentile(100), cookies_, with_cookie, with_cookie_in_1s,
        static_cast<double>(states_.size()) / absl::ToDoubleSeconds(preparation_));
  }

  const LoadOptions& options_;
  LoadSocket socket_;
  crypto::SystemRandom random_;
  std::vector<State> states_;
  std::deque<size_t> waiting_;  // started and not done, oldest first
  size_t started_ = 0;
  size_t open_ = 0;  // started and not answered
  size_t cookies_ = 0;
  absl::Duration preparation_;
  Instant begin_, last_answer_;
};

}  // namespace

int RunHandshakes(const LoadOptions& options) { return Handshakes(options).Run(); }

int PrintKeys(const LoadOptions& options) {
  for (uint32_t i = 0; i < options.count; ++i) {
    const crypto::PublicKey key = crypto::PublicFromPrivate(KeyOfClient(options.first + i));
    std::puts(KeyToBase64(key).c_str());
  }
  return 0;
}

// The rate of one core, for comparison.
int MeasureX25519(const LoadOptions& options) {
  const crypto::PrivateKey key = KeyOfClient(1);
  const crypto::PublicKey peer = crypto::PublicFromPrivate(KeyOfClient(2));
  Pace pace(0);
  while (pace.seconds() < options.seconds) {
    crypto::SymmetricKey secret;
    if (!crypto::SharedSecret(key, peer, &secret)) return 1;
    pace.Sent(1);
  }
  std::printf("{\"x25519_per_s\": %.1f}\n", static_cast<double>(pace.sent()) / pace.seconds());
  return 0;
}

}  // namespace ringwire::bench
