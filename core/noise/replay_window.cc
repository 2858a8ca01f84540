#include "core/noise/replay_window.h"

#include <algorithm>

namespace ringwire {
namespace {

// The newest word is only partly used, so the usable window is one word shorter than the ring.
constexpr uint64_t kUsableBits = kReplayWindowBits - 64;

}  // namespace

bool ReplayWindow::CheckAndSet(uint64_t counter) {
  static_assert((kWords & (kWords - 1)) == 0);
  // The limit keeps counter + 1 from wrapping, now and for the peer's next counters.
  if (counter >= kRejectAfterMessages) return false;
  const uint64_t position = counter + 1;
  if (next_ > position && next_ - position > kUsableBits) return false;

  const uint64_t word = position / 64;
  if (position > next_) {
    const uint64_t newest_word = next_ / 64;
    // The ring's old contents there are one full round old.
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
