#ifndef RINGWIRE_CORE_NOISE_REPLAY_WINDOW_H_
#define RINGWIRE_CORE_NOISE_REPLAY_WINDOW_H_

#include <array>
#include <cstdint>

#include "core/wire/constants.h"

namespace ringwire {

// Remembers which counters of one receiving key were seen (RFC 6479): a ring of 64-bit words over
// counter + 1. The zero value is ready. Thread-compatible; call only for messages whose tag has
// verified.
class ReplayWindow {
 public:
  // True, and remembered, when `counter` is new and neither too old nor at the message limit.
  bool CheckAndSet(uint64_t counter);

  // Greater than every counter accepted so far; one below it comes late.
  uint64_t next() const { return next_; }

 private:
  static constexpr uint64_t kWords = kReplayWindowBits / 64;
  uint64_t next_ = 0;  // greatest accepted counter + 1
  std::array<uint64_t, kWords> seen_{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_REPLAY_WINDOW_H_
