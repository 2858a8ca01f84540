#include "crypto/kdf.h"

#include <algorithm>
#include <array>

namespace ringwire::crypto {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

// HmacBlake2s that leaves the result only in `*out`, which may alias `key` or `a`.
void HmacInto(std::span<const uint8_t> key, std::span<const uint8_t> a, std::span<const uint8_t> b,
              SymmetricKey* out) {
  Hash hash = HmacBlake2s(key, a, b);
  *out = SymmetricKey(hash);
  Cleanse(hash.data(), hash.size());
}

// Writes outputs only after it has read all inputs, so aliasing is safe: t0 is complete before the
// first, and each later step needs t0 and the step before, kept here.
void Kdf(const SymmetricKey& chaining, std::span<const uint8_t> input,
         std::span<SymmetricKey* const> outputs) {
  SymmetricKey t0;
  HmacInto(chaining.bytes(), input, {}, &t0);
  SymmetricKey previous;
  std::span<const uint8_t> feedback;
  uint8_t step = 1;
  for (SymmetricKey* const output : outputs) {
    HmacInto(t0.bytes(), feedback, {&step, 1}, &previous);
    *output = previous;
    feedback = previous.bytes();
    ++step;
  }
}

}  // namespace

Hash HmacBlake2s(std::span<const uint8_t> key, std::span<const uint8_t> a,
                 std::span<const uint8_t> b) {
  Secret<kBlockBytes> block;
  if (key.size() <= kBlockBytes) {
    std::copy(key.begin(), key.end(), block.bytes().begin());
  } else {
    Hash short_key = Blake2s(key);
    std::copy(short_key.begin(), short_key.end(), block.bytes().begin());
    Cleanse(short_key.data(), short_key.size());
  }

  for (uint8_t& byte : block.bytes()) byte ^= kInnerPad;
  Hash inner = Blake2s(block.bytes(), a, b);
  for (uint8_t& byte : block.bytes()) byte ^= kInnerPad ^ kOuterPad;
  const Hash outer = Blake2s(block.bytes(), inner);
  Cleanse(inner.data(), inner.size());
  return outer;
}

void Kdf1(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1) {
  Kdf(chaining, input, std::array{t1});
}

void Kdf2(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1,
          SymmetricKey* t2) {
  Kdf(chaining, input, std::array{t1, t2});
}

void Kdf3(const SymmetricKey& chaining, std::span<const uint8_t> input, SymmetricKey* t1,
          SymmetricKey* t2, SymmetricKey* t3) {
  Kdf(chaining, input, std::array{t1, t2, t3});
}

}  // namespace ringwire::crypto
