#ifndef RINGWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_
#define RINGWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "crypto/random.h"

namespace ringwire {

// A deterministic crypto::Random: a seed gives the same bytes on every machine and in every run, so
// a test that prints its seed can be repeated. SplitMix64: one addition and two multiplications for
// 8 bytes; every seed is good, and neighbouring seeds give unrelated sequences. Thread-compatible.
// For tests only.
class SeededRandom final : public crypto::Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}

  // Starts a new 64-bit number with each call: two calls for 4 bytes each are not one call for 8.
  void Fill(std::span<uint8_t> out) override {
    while (!out.empty()) {
      const uint64_t value = Next();
      const size_t count = std::min(out.size(), sizeof value);
      std::memcpy(out.data(), &value, count);
      out = out.subspan(count);
    }
  }

  // Uniform in [0, 2^64), without the virtual call.
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  // In [0, bound), bound > 0. The bias is below bound / 2^64, too small for any test.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_
