#include "crypto/aead_cross_check.h"

#include <algorithm>
#include <vector>

#include "crypto/aead_runs.h"

namespace ringwire::crypto {
namespace {

constexpr size_t kEverySizeUpTo = 1536;
constexpr size_t kPacketBytes = 1420;
constexpr size_t kLargestBytes = 65536;
constexpr size_t kRunMax = 64;
// Guard bytes between two segments: nobody may write them.
constexpr size_t kGapBytes = 32;
constexpr uint8_t kGap = 0xa5;

// SplitMix64: good enough to make all bytes different.
class Sequence {
 public:
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_ = 0x72696e6777697265;
};

// Both providers' copies of a run, laid out in memory as segments with gaps.
class Comparison {
 public:
  Comparison(AeadSuite suite, AeadRuns* candidate, std::string* what_differs)
      : suite_(suite), candidate_(candidate), what_differs_(what_differs) {}

  // One run of plaintexts of these sizes, under a new key.
  bool Agree(const std::vector<size_t>& sizes) {
    std::array<uint8_t, 32> key_bytes;
    Fill(key_bytes);
    const AeadKey key(suite_, SymmetricKey(key_bytes));
    const uint64_t counter0 = sequence_.Next();
    LayOut(sizes);
    const std::vector<uint8_t> plain = theirs_;

    std::vector<SealSegment> segments;
    for (size_t i = 0; i < sizes.size(); ++i) segments.push_back({&ours_[begins_[i]], sizes[i]});
    boring_ssl_.SealRun(key, segments, counter0);
    for (size_t i = 0; i < sizes.size(); ++i) segments[i].data = &theirs_[begins_[i]];
    candidate_->SealRun(key, segments, counter0);
    if (theirs_ != ours_) return Differ("seals", sizes);

    std::vector<OpenSegment> to_open;
    for (size_t i = 0; i < sizes.size(); ++i) {
      to_open.push_back({&theirs_[begins_[i]], sizes[i] + kTagBytes, counter0 + i, false});
    }
    const std::vector<bool> forged = Forge(&to_open);
    candidate_->OpenRun(key, to_open);
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (to_open[i].ok == forged[i]) return Differ(forged[i] ? "accepts" : "refuses", sizes);
      const auto begin = plain.begin() + static_cast<ptrdiff_t>(begins_[i]);
      const auto opened = theirs_.begin() + static_cast<ptrdiff_t>(begins_[i]);
      const auto end = opened + static_cast<ptrdiff_t>(sizes[i]);
      const bool right = forged[i] ? std::all_of(opened, end, [](uint8_t b) { return b == 0; })
                                   : std::equal(opened, end, begin);
      if (!right) return Differ("opens", sizes);
    }
    if (!GapsAreUntouched(sizes)) return Differ("writes outside of what it opens in", sizes);
    return true;
  }

  uint64_t Next() { return sequence_.Next(); }

 private:
  void Fill(std::span<uint8_t> bytes) {
    for (size_t i = 0; i < bytes.size(); i += 8) {
      const uint64_t random = sequence_.Next();
      for (size_t j = i; j < std::min(i + 8, bytes.size()); ++j) {
        bytes[j] = static_cast<uint8_t>(random >> (8 * (j - i)));
      }
    }
  }

  void LayOut(const std::vector<size_t>& sizes) {
    begins_.clear();
    size_t at = kGapBytes;
    for (const size_t size : sizes) {
      begins_.push_back(at);
      at += size + kTagBytes + kGapBytes;
    }
    ours_.assign(at, kGap);
    for (size_t i = 0; i < sizes.size(); ++i) {
      Fill({ours_.data() + begins_[i], sizes[i]});
    }
    theirs_ = ours_;
  }

  // Spoils about a third: a bit of ciphertext or tag, or the counter.
  std::vector<bool> Forge(std::vector<OpenSegment>* segments) {
    std::vector<bool> forged;
    for (OpenSegment& segment : *segments) {
      const uint64_t random = sequence_.Next();
      forged.push_back(random % 3 == 0);
      if (!forged.back()) continue;
      if (random % 4 == 0) {
        segment.counter ^= uint64_t{1} << ((random >> 8) % 64);
      } else {
        segment.data[(random >> 16) % segment.size] ^=
            static_cast<uint8_t>(1u << ((random >> 8) % 8));
      }
    }
    return forged;
  }

  bool GapsAreUntouched(const std::vector<size_t>& sizes) const {
    size_t gap = 0;
    for (size_t i = 0; i <= sizes.size(); ++i) {
      const uint8_t* const begin = theirs_.data() + gap;
      if (!std::all_of(begin, begin + kGapBytes, [](uint8_t b) { return b == kGap; })) return false;
      if (i < sizes.size()) gap = begins_[i] + sizes[i] + kTagBytes;
    }
    return true;
  }

  bool Differ(const char* verb, const std::vector<size_t>& sizes) {
    const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
    *what_differs_ = std::string(verb) + " otherwise than BoringSSL's (a run of " +
                     std::to_string(sizes.size()) + " segments of " + std::to_string(*least) +
                     " to " + std::to_string(*most) + " bytes)";
    return false;
  }

  const AeadSuite suite_;
  AeadRuns* const candidate_;
  std::string* const what_differs_;
  Sequence sequence_;
  BoringSslRuns boring_ssl_;
  std::vector<size_t> begins_;
  std::vector<uint8_t> ours_, theirs_;
};

}  // namespace

bool CrossCheckAead(AeadSuite suite, AeadRuns& candidate, std::string* what_differs) {
  AeadContext::PrepareThread();
  Comparison comparison(suite, &candidate, what_differs);
  size_t size = 0;
  for (size_t length = 1; size <= kEverySizeUpTo; ++length) {
    std::vector<size_t> sizes(length);
    for (size_t& one : sizes) one = size++;
    if (!comparison.Agree(sizes)) return false;
  }
  // A train as the packet path makes it: equal packets, a shorter one last.
  std::vector<size_t> train(kRunMax, kPacketBytes);
  train.back() = kPacketBytes / 2;
  if (!comparison.Agree(train)) return false;
  std::vector<size_t> mixed(kRunMax);
  for (size_t& one : mixed) one = comparison.Next() % kEverySizeUpTo;
  return comparison.Agree(mixed) && comparison.Agree({kLargestBytes});
}

}  // namespace ringwire::crypto
