#include "core/noise/replay_window.h"

#include <algorithm>

namespace ringwire {
namespace {

// The word that holds the greatest counter is only partly behind it, so one word of the ring does
// not count.
constexpr uint64_t kUsableBits = kReplayWindowBits - 64;

}  // namespace

bool ReplayWindow::CheckAndSet(uint64_t counter) {
  static_assert((kWords & (kWords - 1)) == 0);
  // The limit keeps counter + 1 from wrapping, here and for whatever the peer sends next.
  if (counter >= kRejectAfterMessages) return false;
  const uint64_t position = counter + 1;
  if (next_ > position && next_ - position > kUsableBits) return false;

  const uint64_t word = position / 64;
  if (position > next_) {
    const uint64_t newest_word = next_ / 64;
    // What the ring still holds there is a whole turn old.
    const uint64_t fresh_words = std::min(word - newest_word, kWords);
    for (uint64_t i = 1; i <= fresh_words; ++i) seen_[(newest_word + i) % kWords] = 0;
    next_ = position;
  }
  uint64_t& bits = seen_[word % kWords];
  const uint64_t bit = uint64_t{1} << (position % 64);
  if ((bits & bit) != 0) return false;
  bits |= bit;
  return true;
}

}  // namespace ringwire
