#include "crypto/aead_interleaved.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/aead_runs.h"
#include "crypto/interleaved_chacha20.h"
#include "crypto/interleaved_poly1305.h"

namespace ringwire::crypto {
namespace {

// Packets that are worked on together: two groups of Poly1305 lanes, whose bytes stay in the
// first-level cache between the two passes over them.
constexpr size_t kBatchMax = 2 * kPolyLanes;

// In shorter runs the libraries are as fast or faster.
constexpr size_t kRunMin = 8;

std::array<uint32_t, 3> NonceOf(uint64_t counter) {
  return {0, static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32)};
}

// The packets of one batch: ciphertext and what belongs to it. Wipes the one-time keys at its end.
class Batch {
 public:
  explicit Batch(std::span<const uint32_t, 8> key) : key_(key) {}
  ~Batch() { Cleanse(one_time_keys_.data(), sizeof(one_time_keys_)); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void Add(uint8_t* data, size_t size, uint64_t counter) {
    const std::array<uint32_t, 3> nonce = NonceOf(counter);
    one_time_keys_[count_] = {};
    // Block 0 makes the one-time key, the rest is for the text (RFC 8439 §2.8).
    keys_[count_] = {one_time_keys_[count_].data(), sizeof(PolyKey), nonce, 0};
    texts_[count_] = {data, size, nonce, 1};
    ++count_;
  }

  size_t count() const { return count_; }

  void MakeKeys() { XorChaChaStreams(key_, std::span(keys_).first(count_)); }
  // Keys and texts in one go, so that fewer lanes are idle.
  void MakeKeysAndXorTexts() {
    std::array<ChaChaStream, 2 * kBatchMax> all;
    std::copy_n(keys_.begin(), count_, all.begin());
    std::copy_n(texts_.begin(), count_, all.begin() + static_cast<ptrdiff_t>(count_));
    XorChaChaStreams(key_, std::span(all).first(2 * count_));
  }
  void XorTexts() { XorChaChaStreams(key_, std::span(texts_).first(count_)); }
  // Packet `i` keeps its ciphertext.
  void LeaveOut(size_t i) { texts_[i].size = 0; }

  void MakeTags(std::array<PolyTag, kBatchMax>* tags) const {
    std::array<PolyMessage, kBatchMax> messages;
    for (size_t i = 0; i < count_; ++i) {
      messages[i] = {texts_[i].data, texts_[i].size, {0, texts_[i].size}};
    }
    for (size_t first = 0; first < count_; first += kPolyLanes) {
      const size_t lanes = std::min(count_ - first, kPolyLanes);
      Poly1305Lanes(std::span(messages).subspan(first, lanes), &one_time_keys_[first],
                    &(*tags)[first]);
    }
  }

 private:
  const std::span<const uint32_t, 8> key_;
  size_t count_ = 0;
  std::array<PolyKey, kBatchMax> one_time_keys_;
  std::array<ChaChaStream, kBatchMax> keys_, texts_;
};

class InterleavedRuns : public AeadRuns {
 public:
  explicit InterleavedRuns(AeadRuns* short_runs) : short_runs_(short_runs) {}

  void SealRun(const AeadKey& key, std::span<const SealSegment> segments,
               uint64_t counter0) override {
    if (IsShort(segments.size())) return short_runs_->SealRun(key, segments, counter0);
    uint64_t counter = counter0;
    while (!segments.empty()) {
      const auto part = segments.first(std::min(segments.size(), kBatchMax));
      segments = segments.subspan(part.size());
      SealBatch(key, part, counter);
      counter += part.size();
    }
  }

  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments) override {
    if (IsShort(segments.size())) return short_runs_->OpenRun(key, segments);
    while (!segments.empty()) {
      const auto part = segments.first(std::min(segments.size(), kBatchMax));
      segments = segments.subspan(part.size());
      OpenBatch(key, part);
    }
  }

 private:
  bool IsShort(size_t segments) const { return short_runs_ != nullptr && segments < kRunMin; }

  static void SealBatch(const AeadKey& key, std::span<const SealSegment> segments,
                        uint64_t counter0) {
    Batch batch(key.schedules().interleaved.words);
    for (size_t i = 0; i < segments.size(); ++i) {
      batch.Add(segments[i].data, segments[i].size, counter0 + i);
    }
    batch.MakeKeysAndXorTexts();
    std::array<PolyTag, kBatchMax> tags;
    batch.MakeTags(&tags);
    for (size_t i = 0; i < segments.size(); ++i) {
      std::copy(tags[i].begin(), tags[i].end(), segments[i].data + segments[i].size);
    }
  }

  // Checks the tags before it decrypts, so the plaintext of a forgery never exists.
  static void OpenBatch(const AeadKey& key, std::span<OpenSegment> segments) {
    Batch batch(key.schedules().interleaved.words);
    for (OpenSegment& segment : segments) {
      segment.ok = segment.size >= kTagBytes;
      if (segment.ok) batch.Add(segment.data, segment.size - kTagBytes, segment.counter);
    }
    batch.MakeKeys();
    std::array<PolyTag, kBatchMax> tags;
    batch.MakeTags(&tags);
    size_t i = 0;
    for (OpenSegment& segment : segments) {
      if (!segment.ok) continue;
      const size_t size = segment.size - kTagBytes;
      segment.ok = ConstantTimeEqual(tags[i], {segment.data + size, kTagBytes});
      if (!segment.ok) {
        batch.LeaveOut(i);
        Cleanse(segment.data, size);
      }
      ++i;
    }
    batch.XorTexts();
  }

  AeadRuns* const short_runs_;
};

}  // namespace

InterleavedKey::InterleavedKey(AeadSuite suite, const SymmetricKey& key) {
  if (suite != AeadSuite::kChaCha20Poly1305) return;
  const std::span<const uint8_t, 32> bytes = key.bytes();
  for (size_t i = 0; i < words.size(); ++i) {
    for (size_t j = 0; j < 4; ++j) words[i] |= uint32_t{bytes[4 * i + j]} << (8 * j);
  }
}

InterleavedKey::~InterleavedKey() { Cleanse(words.data(), sizeof(words)); }

bool CanInterleave() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512ifma");
#else
  return false;
#endif
}

std::unique_ptr<AeadRuns> MakeInterleaved(AeadRuns* short_runs) {
  if (!CanInterleave()) return nullptr;
  return std::make_unique<InterleavedRuns>(short_runs);
}

}  // namespace ringwire::crypto
