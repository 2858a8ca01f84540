#ifndef RINGWIRE_CORE_CONTROL_PATH_MTU_H_
#define RINGWIRE_CORE_CONTROL_PATH_MTU_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/routing/peer_path.h"

// Finds the largest packet that the path to a peer carries, without ICMP (docs/path_mtu.md; after
// RFC 8899). Sizes are bytes of packets inside the tunnel. Pure: time and observations go in,
// probes and limits come out.
namespace ringwire {

// Between two checks of a path in use.
inline constexpr absl::Duration kPathCheckInterval = absl::Seconds(15);
// Between two attempts to find a wider path.
inline constexpr absl::Duration kPathRaiseInterval = absl::Minutes(10);
// For the answer to a probe, by a peer that answers them.
inline constexpr absl::Duration kPathAnswerTimeout = absl::Seconds(1);
// Another peer answers any data with a keepalive after KEEPALIVE_TIMEOUT. One that comes before
// `kPathKeepaliveNotBefore` has another cause.
inline constexpr absl::Duration kPathKeepaliveNotBefore = absl::Seconds(9);
inline constexpr absl::Duration kPathKeepaliveTimeout = absl::Seconds(12);
// A peer that does not answer probes is asked again after the first of these, doubled each time.
inline constexpr absl::Duration kPathAskAgainMin = absl::Minutes(1);
inline constexpr absl::Duration kPathAskAgainMax = absl::Hours(1);
// Probes of one size without an answer that prove the path too narrow.
inline constexpr int kPathTries = 3;

class PathMtu {
 public:
  // UDP payloads to and from the peer so far.
  struct Traffic {
    uint64_t sent_bytes = 0;
    uint64_t received_bytes = 0;
  };
  // Messages to send: one of `bytes` (0: none), then one of kPathProbeBytesMin.
  struct Probes {
    uint32_t id = 0;
    uint32_t bytes = 0;
    bool small = false;
  };
  // What workers do with packets to the peer.
  struct Limits {
    uint32_t packet_bytes_max = 0;  // refuse larger ones; 0: none
    bool watch = true;              // report those above PeerPath::kFloorBytes
  };

  // Workers: a packet above PeerPath::kFloorBytes was sent.
  void LargeSent(Instant now);
  // The peer received a probe of this size.
  void Answered(Instant now, uint32_t id, uint32_t bytes);
  // Data was sent, nothing came back in time, and a handshake begins.
  void Unanswered(Instant now);
  void SessionEstablished(Instant now);
  // Probes cannot be sent now: there is no session.
  void Postpone(Instant now);
  // Call when due. nullopt: nothing to send.
  std::optional<Probes> Advance(Instant now, uint32_t mtu, const Traffic& traffic);
  Instant due() const { return due_; }
  Limits limits() const { return {limit_, state_ == State::kWatching}; }

 private:
  enum class State : uint8_t { kWatching, kResting, kAsking, kTesting };
  enum class Answers : uint8_t { kUnknown, kYes, kNo };
  enum class Verdict : uint8_t { kPending, kPassed, kFailed, kUnclear };

  std::optional<Probes> Begin(Instant now, const Traffic& traffic);
  std::optional<Probes> Ask(Instant now);
  std::optional<Probes> JudgeAsking(Instant now, const Traffic& traffic);
  std::optional<Probes> Test(Instant now, uint32_t bytes, const Traffic& traffic);
  std::optional<Probes> SendTest(Instant now, const Traffic& traffic);
  std::optional<Probes> JudgeTest(Instant now, const Traffic& traffic);
  Verdict JudgeAnswers(Instant now);
  Verdict JudgeKeepalive(Instant now, const Traffic& traffic);
  std::optional<Probes> Continue(Instant now, Verdict verdict, const Traffic& traffic);
  // The size to test next; 0: the search is over.
  uint32_t NextSize() const;
  // The size to begin with.
  uint32_t FirstSize(Instant now) const;
  std::optional<Probes> Rest(Instant now, absl::Duration duration);

  State state_ = State::kWatching;
  Answers answers_ = Answers::kUnknown;
  Instant due_ = Instant::InfiniteFuture();
  uint32_t mtu_ = 0;
  uint32_t limit_ = 0;
  uint32_t passes_ = PeerPath::kFloorBytes;  // the largest size that passed
  uint32_t fails_ = 0;                       // the smallest that did not; 0: none
  Instant raise_at_;
  Instant ask_again_at_;
  absl::Duration ask_again_after_ = kPathAskAgainMin;
  std::optional<Instant> used_at_;    // a large packet was sent
  std::optional<Instant> silent_at_;  // Unanswered()
  bool suspects_silence_ = false;     // the test asks whether silence has to do with size

  // The probe under way.
  uint32_t id_ = 0;
  uint32_t test_bytes_ = 0;
  uint32_t answered_bytes_ = 0;  // the largest probe of this id that arrived
  Instant answered_at_;          // the first of them
  int tries_ = 0;                // of which the path carried small messages
  int dead_tries_ = 0;           // of which nothing was answered
  Instant sent_at_;
  Traffic at_start_;
  bool keepalive_may_come_ = false;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_PATH_MTU_H_
