#include "crypto/interleaved_poly1305.h"

#include <algorithm>
#include <cstring>

#ifdef __x86_64__
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns of its own header
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace ringwire::crypto {

#ifdef __x86_64__
namespace {

#define RINGWIRE_IFMA __attribute__((target("avx512f,avx512bw,avx512ifma")))
#define RINGWIRE_IFMA_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512ifma"), always_inline)) inline

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

constexpr size_t kBlockBytes = 16;
constexpr size_t kStepBlocks = 4;  // blocks of a lane that one step loads
constexpr size_t kStepBytes = kStepBlocks * kBlockBytes;
constexpr uint64_t kMask44 = (uint64_t{1} << 44) - 1;
constexpr uint64_t kMask42 = (uint64_t{1} << 42) - 1;

// A number below 2^130 in each lane: limbs of 44, 44 and 42 bits, which may be exceeded.
struct Limbs {
  __m512i limb[3];
};

// A power of r in each lane, ready to be multiplied by.
struct Multiplier {
  Limbs limbs;
  __m512i limb1_20, limb2_20;  // for what reaches 2^132 and more: 2^132 is 20 modulo the prime
};

struct Multipliers {
  Multiplier r, r_squared;
};

RINGWIRE_IFMA_INLINE __m512i Splat(uint64_t word) {
  return _mm512_set1_epi64(static_cast<int64_t>(word));
}

// `low` and `high` are the halves of a number of 128 bits.
RINGWIRE_IFMA_INLINE Limbs SplitWords(__m512i low, __m512i high) {
  const __m512i middle = _mm512_or_si512(_mm512_srli_epi64(low, 44), _mm512_slli_epi64(high, 20));
  return {{_mm512_and_si512(low, Splat(kMask44)), _mm512_and_si512(middle, Splat(kMask44)),
           _mm512_srli_epi64(high, 24)}};
}

// A block of message with the bit 2^128 that every whole block gets.
RINGWIRE_IFMA_INLINE Limbs BlockOf(__m512i low, __m512i high) {
  Limbs block = SplitWords(low, high);
  block.limb[2] = _mm512_or_si512(block.limb[2], Splat(uint64_t{1} << 40));
  return block;
}

RINGWIRE_IFMA_INLINE Limbs Sum(const Limbs& a, const Limbs& b) {
  return {{_mm512_add_epi64(a.limb[0], b.limb[0]), _mm512_add_epi64(a.limb[1], b.limb[1]),
           _mm512_add_epi64(a.limb[2], b.limb[2])}};
}

// Sums of products before any carry: the low and the high 52 bits of each, by the limb of their
// weight.
struct Products {
  __m512i low[3], high[3];
};

RINGWIRE_IFMA_INLINE void AddProduct(__m512i x, __m512i y, size_t limb, Products& sum) {
  sum.low[limb] = _mm512_madd52lo_epu64(sum.low[limb], x, y);
  sum.high[limb] = _mm512_madd52hi_epu64(sum.high[limb], x, y);
}

// Adds a times m. Every limb of both must be below 2^52.
RINGWIRE_IFMA_INLINE void AddProducts(const Limbs& a, const Multiplier& m, Products& sum) {
  AddProduct(a.limb[2], m.limb1_20, 0, sum);
  AddProduct(a.limb[2], m.limb2_20, 1, sum);
  AddProduct(a.limb[2], m.limbs.limb[0], 2, sum);
  AddProduct(a.limb[1], m.limb2_20, 0, sum);
  AddProduct(a.limb[1], m.limbs.limb[0], 1, sum);
  AddProduct(a.limb[1], m.limbs.limb[1], 2, sum);
  AddProduct(a.limb[0], m.limbs.limb[0], 0, sum);
  AddProduct(a.limb[0], m.limbs.limb[1], 1, sum);
  AddProduct(a.limb[0], m.limbs.limb[2], 2, sum);
}

// Brings the sum of up to two multiplications back to limbs: limb 0 is below 2^44, limb 1 below
// 2^45 and limb 2 below 2^42. With factors below 2^45, 2^46 and 2^43, and powers of r below 2^44,
// 2^45 and 2^42, no high half of a product exceeds 2^43, and no sum below overflows 64 bits.
RINGWIRE_IFMA_INLINE Limbs Reduce(const Products& sum) {
  // The high halves weigh 2^52, which is 2^8 of the next limb, and behind limb 2 2^10 times 2^130.
  const __m512i sum1 =
      _mm512_add_epi64(_mm512_add_epi64(sum.low[1], _mm512_slli_epi64(sum.high[0], 8)),
                       _mm512_srli_epi64(sum.low[0], 44));
  const __m512i sum2 = _mm512_add_epi64(
      _mm512_add_epi64(sum.low[2], _mm512_slli_epi64(sum.high[1], 8)), _mm512_srli_epi64(sum1, 44));
  const __m512i over =
      _mm512_add_epi64(_mm512_slli_epi64(sum.high[2], 10), _mm512_srli_epi64(sum2, 42));
  const __m512i sum0 = _mm512_add_epi64(_mm512_and_si512(sum.low[0], Splat(kMask44)),
                                        _mm512_add_epi64(over, _mm512_slli_epi64(over, 2)));
  return {{_mm512_and_si512(sum0, Splat(kMask44)),
           _mm512_add_epi64(_mm512_and_si512(sum1, Splat(kMask44)), _mm512_srli_epi64(sum0, 44)),
           _mm512_and_si512(sum2, Splat(kMask42))}};
}

RINGWIRE_IFMA_INLINE Products NoProducts() {
  const __m512i zero = _mm512_setzero_si512();
  return {{zero, zero, zero}, {zero, zero, zero}};
}

// (h + block) r
RINGWIRE_IFMA_INLINE Limbs AfterBlock(const Limbs& h, const Multiplier& r, __m512i low,
                                      __m512i high) {
  Products sum = NoProducts();
  AddProducts(Sum(h, BlockOf(low, high)), r, sum);
  return Reduce(sum);
}

// The same twice, for two blocks, with one reduction: (h + first) r^2 + second r.
RINGWIRE_IFMA_INLINE Limbs AfterTwoBlocks(const Limbs& h, const Multipliers& m,
                                          const __m512i* words) {
  Products sum = NoProducts();
  AddProducts(BlockOf(words[2], words[3]), m.r, sum);
  AddProducts(Sum(h, BlockOf(words[0], words[1])), m.r_squared, sum);
  return Reduce(sum);
}

// Eight words of each lane, loaded lane by lane; afterwards vector i has word i of every lane.
RINGWIRE_IFMA_INLINE void Transpose(__m512i (&v)[8]) {
  __m512i t[8];
  UNROLL for (size_t i = 0; i < 8; i += 2) {
    t[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
  }
  UNROLL for (size_t odd = 0; odd < 2; ++odd) {
    const __m512i a = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0x88);
    const __m512i b = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0xdd);
    const __m512i c = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0x88);
    const __m512i d = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0xdd);
    v[odd] = _mm512_shuffle_i64x2(a, c, 0x88);
    v[4 + odd] = _mm512_shuffle_i64x2(a, c, 0xdd);
    v[2 + odd] = _mm512_shuffle_i64x2(b, d, 0x88);
    v[6 + odd] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
}

RINGWIRE_IFMA_INLINE void LoadWords(const uint8_t* const (&lanes)[kPolyLanes], size_t offset,
                                    __m512i (&words)[8]) {
  UNROLL for (size_t lane = 0; lane < kPolyLanes; ++lane) {
    words[lane] = _mm512_loadu_si512(lanes[lane] + offset);
  }
  Transpose(words);
}

// The end of a message: what is left of its bytes below a step, padded, and the block of lengths.
class Tail {
 public:
  void Fill(const PolyMessage& message) {
    const size_t whole = message.size / kStepBytes * kStepBytes;
    const size_t left = message.size - whole;
    if (left != 0) std::memcpy(bytes_.data(), message.data + whole, left);
    blocks_ = (left + kBlockBytes - 1) / kBlockBytes;
    std::memcpy(bytes_.data() + blocks_ * kBlockBytes, message.lengths.data(), kBlockBytes);
    ++blocks_;
  }

  const uint8_t* data() const { return bytes_.data(); }
  size_t blocks() const { return blocks_; }

 private:
  std::array<uint8_t, 2 * kStepBytes> bytes_{};
  size_t blocks_ = 0;
};

// Where each lane stands in its message.
class Lanes {
 public:
  explicit Lanes(std::span<const PolyMessage> messages) : messages_(messages) {
    for (size_t i = 0; i < messages.size(); ++i) tails_[i].Fill(messages[i]);
  }

  // Steps that every lane takes from its message itself.
  size_t CommonSteps() const {
    size_t steps = messages_[0].size / kStepBytes;
    for (const PolyMessage& message : messages_) {
      steps = std::min(steps, message.size / kStepBytes);
    }
    return steps;
  }

  // The bytes of lane `lane` in step `step`, and how many of its blocks count.
  const uint8_t* StepOf(size_t lane, size_t step, size_t* blocks) const {
    *blocks = 0;
    if (lane >= messages_.size()) return tails_[lane].data();
    const size_t whole = messages_[lane].size / kStepBytes;
    if (step < whole) {
      *blocks = kStepBlocks;
      return messages_[lane].data + step * kStepBytes;
    }
    const size_t done = (step - whole) * kStepBlocks;
    const Tail& tail = tails_[lane];
    if (done >= tail.blocks()) return tail.data();
    *blocks = std::min(tail.blocks() - done, kStepBlocks);
    return tail.data() + done * kBlockBytes;
  }

 private:
  const std::span<const PolyMessage> messages_;
  std::array<Tail, kPolyLanes> tails_;
};

RINGWIRE_IFMA_INLINE __m512i Times20(__m512i x) {
  return _mm512_add_epi64(_mm512_slli_epi64(x, 4), _mm512_slli_epi64(x, 2));
}

RINGWIRE_IFMA_INLINE Multiplier MultiplierOf(const Limbs& limbs) {
  return {limbs, Times20(limbs.limb[1]), Times20(limbs.limb[2])};
}

RINGWIRE_IFMA_INLINE Multipliers LoadMultipliers(const uint64_t (&words)[4][kPolyLanes]) {
  // The clamp of RFC 8439 §2.5.
  const __m512i low = _mm512_and_si512(_mm512_loadu_si512(words[0]), Splat(0x0ffffffc0fffffff));
  const __m512i high = _mm512_and_si512(_mm512_loadu_si512(words[1]), Splat(0x0ffffffc0ffffffc));
  Multipliers m;
  m.r = MultiplierOf(SplitWords(low, high));
  Products square = NoProducts();
  AddProducts(m.r.limbs, m.r, square);
  m.r_squared = MultiplierOf(Reduce(square));
  return m;
}

RINGWIRE_IFMA_INLINE void Carry(Limbs& h) {
  const __m512i mask44 = Splat(kMask44);
  h.limb[1] = _mm512_add_epi64(h.limb[1], _mm512_srli_epi64(h.limb[0], 44));
  h.limb[0] = _mm512_and_si512(h.limb[0], mask44);
  h.limb[2] = _mm512_add_epi64(h.limb[2], _mm512_srli_epi64(h.limb[1], 44));
  h.limb[1] = _mm512_and_si512(h.limb[1], mask44);
  const __m512i over = _mm512_srli_epi64(h.limb[2], 42);
  h.limb[2] = _mm512_and_si512(h.limb[2], Splat(kMask42));
  h.limb[0] = _mm512_add_epi64(h.limb[0], _mm512_add_epi64(over, _mm512_slli_epi64(over, 2)));
}

// h modulo 2^130 - 5, plus the second half of the key, modulo 2^128.
RINGWIRE_IFMA_INLINE void Finish(Limbs h, const uint64_t (&words)[4][kPolyLanes],
                                 uint64_t (&low_out)[kPolyLanes],
                                 uint64_t (&high_out)[kPolyLanes]) {
  // After two passes only limb 0 may still be one bit too long; the third ends that.
  Carry(h);
  Carry(h);
  Carry(h);
  // h + 5 reaches 2^130 exactly if h is not below the prime.
  Limbs g;
  g.limb[0] = _mm512_add_epi64(h.limb[0], Splat(5));
  g.limb[1] = _mm512_add_epi64(h.limb[1], _mm512_srli_epi64(g.limb[0], 44));
  g.limb[2] = _mm512_add_epi64(h.limb[2], _mm512_srli_epi64(g.limb[1], 44));
  const __mmask8 reduce = _mm512_cmpge_epu64_mask(g.limb[2], Splat(uint64_t{1} << 42));
  h.limb[0] = _mm512_mask_and_epi64(h.limb[0], reduce, g.limb[0], Splat(kMask44));
  h.limb[1] = _mm512_mask_and_epi64(h.limb[1], reduce, g.limb[1], Splat(kMask44));
  h.limb[2] = _mm512_mask_and_epi64(h.limb[2], reduce, g.limb[2], Splat(kMask42));

  const __m512i low = _mm512_or_si512(h.limb[0], _mm512_slli_epi64(h.limb[1], 44));
  const __m512i high =
      _mm512_or_si512(_mm512_srli_epi64(h.limb[1], 20), _mm512_slli_epi64(h.limb[2], 24));
  const __m512i pad_low = _mm512_loadu_si512(words[2]);
  const __m512i sum_low = _mm512_add_epi64(low, pad_low);
  const __mmask8 carry = _mm512_cmplt_epu64_mask(sum_low, pad_low);
  __m512i sum_high = _mm512_add_epi64(high, _mm512_loadu_si512(words[3]));
  sum_high = _mm512_mask_add_epi64(sum_high, carry, sum_high, Splat(1));
  _mm512_storeu_si512(low_out, sum_low);
  _mm512_storeu_si512(high_out, sum_high);
}

// The steps in which lanes may end: a lane that has no block keeps its sum.
RINGWIRE_IFMA_INLINE void TakeUnevenSteps(const Lanes& lanes, size_t step, const Multiplier& r,
                                          Limbs& h) {
  for (;; ++step) {
    const uint8_t* data[kPolyLanes];
    __mmask8 active[kStepBlocks] = {};
    for (size_t lane = 0; lane < kPolyLanes; ++lane) {
      size_t blocks = 0;
      data[lane] = lanes.StepOf(lane, step, &blocks);
      for (size_t block = 0; block < blocks; ++block) {
        active[block] = static_cast<__mmask8>(active[block] | 1u << lane);
      }
    }
    if (active[0] == 0) return;
    __m512i words[8];
    LoadWords(data, 0, words);
    for (size_t block = 0; block < kStepBlocks && active[block] != 0; ++block) {
      const Limbs next = AfterBlock(h, r, words[2 * block], words[2 * block + 1]);
      for (size_t i = 0; i < 3; ++i) {
        h.limb[i] = _mm512_mask_mov_epi64(h.limb[i], active[block], next.limb[i]);
      }
    }
  }
}

}  // namespace

RINGWIRE_IFMA void Poly1305Lanes(std::span<const PolyMessage> messages, const PolyKey* keys,
                                 PolyTag* tags) {
  uint64_t key_words[4][kPolyLanes] = {};
  const uint8_t* data[kPolyLanes];
  std::fill_n(data, kPolyLanes, messages[0].data);  // idle lanes read something that is there
  for (size_t lane = 0; lane < messages.size(); ++lane) {
    for (size_t i = 0; i < 4; ++i) std::memcpy(&key_words[i][lane], keys[lane].data() + 8 * i, 8);
    data[lane] = messages[lane].data;
  }
  const Multipliers m = LoadMultipliers(key_words);
  const Lanes lanes(messages);
  Limbs h = {{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()}};
  const size_t steps = lanes.CommonSteps();
  for (size_t step = 0; step < steps; ++step) {
    __m512i words[8];
    LoadWords(data, step * kStepBytes, words);
    h = AfterTwoBlocks(h, m, &words[0]);
    h = AfterTwoBlocks(h, m, &words[4]);
  }
  TakeUnevenSteps(lanes, steps, m.r, h);
  uint64_t low[kPolyLanes], high[kPolyLanes];
  Finish(h, key_words, low, high);
  for (size_t lane = 0; lane < messages.size(); ++lane) {
    std::memcpy(tags[lane].data(), &low[lane], 8);
    std::memcpy(tags[lane].data() + 8, &high[lane], 8);
  }
}

#else

void Poly1305Lanes(std::span<const PolyMessage> /*messages*/, const PolyKey* /*keys*/,
                   PolyTag* /*tags*/) {}

#endif

}  // namespace ringwire::crypto
