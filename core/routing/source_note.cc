#include "core/routing/source_note.h"

#include <cstring>

namespace ringwire {
namespace {

constexpr int kTries = 100;

}  // namespace

// Each store releases the one before: a reader that sees a new word sees the odd number, too.
void SourceNote::Note(Instant now, const SocketAddress& from) {
  std::array<uint64_t, 5> words{};
  std::memcpy(words.data(), from.address.bytes.data(), from.address.bytes.size());
  words[2] = uint64_t{from.port} << 8 | static_cast<uint64_t>(from.address.family);
  words[3] = from.scope_id;
  words[4] = static_cast<uint64_t>(now.nanoseconds());
  const uint64_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  for (size_t i = 0; i < words.size(); ++i) words_[i].store(words[i], std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
}

std::optional<NotedSource> SourceNote::Read() const {
  for (int i = 0; i < kTries; ++i) {
    const uint64_t before = sequence_.load(std::memory_order_acquire);
    if (before == 0) return std::nullopt;
    std::array<uint64_t, 5> words{};
    for (size_t w = 0; w < words.size(); ++w) words[w] = words_[w].load(std::memory_order_acquire);
    if (before % 2 != 0 || sequence_.load(std::memory_order_relaxed) != before) continue;
    NotedSource noted;
    noted.count = before / 2;
    noted.last_from.address.family = static_cast<IpFamily>(words[2] & 0xff);
    std::memcpy(noted.last_from.address.bytes.data(), words.data(),
                noted.last_from.address.bytes.size());
    noted.last_from.port = static_cast<uint16_t>(words[2] >> 8);
    noted.last_from.scope_id = static_cast<uint32_t>(words[3]);
    noted.last_at = Instant::FromNanoseconds(static_cast<int64_t>(words[4]));
    return noted;
  }
  return std::nullopt;
}

}  // namespace ringwire
