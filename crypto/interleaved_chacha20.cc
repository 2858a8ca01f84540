#include "crypto/interleaved_chacha20.h"

#include <algorithm>

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

#define RINGWIRE_AVX512 __attribute__((target("avx512f,avx512bw")))
#define RINGWIRE_AVX512_INLINE __attribute__((target("avx512f,avx512bw"), always_inline)) inline

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

constexpr size_t kLanes = 16;
constexpr size_t kBlockBytes = 64;
constexpr int kDoubleRounds = 10;

// One pass: the block that each lane computes and the bytes that it is XORed with.
struct Pass {
  alignas(64) std::array<uint32_t, kLanes> block;
  alignas(64) std::array<std::array<uint32_t, kLanes>, 3> nonce;
  std::array<uint8_t*, kLanes> data;
  std::array<size_t, kLanes> size;  // at most kBlockBytes; 0 in an idle lane
};

// Hands out the blocks of the streams in order.
class BlockQueue {
 public:
  explicit BlockQueue(std::span<const ChaChaStream> streams) : streams_(streams) {}

  // False once there are no more blocks.
  bool Fill(Pass* pass) {
    size_t lane = 0;
    for (; lane < kLanes; ++lane) {
      while (next_ < streams_.size() && done_ == streams_[next_].size) {
        ++next_;
        done_ = 0;
      }
      if (next_ == streams_.size()) break;
      const ChaChaStream& stream = streams_[next_];
      pass->block[lane] = stream.block + static_cast<uint32_t>(done_ / kBlockBytes);
      for (size_t i = 0; i < 3; ++i) pass->nonce[i][lane] = stream.nonce[i];
      pass->data[lane] = stream.data + done_;
      pass->size[lane] = std::min(stream.size - done_, kBlockBytes);
      done_ += pass->size[lane];
    }
    const bool any = lane != 0;
    for (; lane < kLanes; ++lane) pass->size[lane] = 0;
    return any;
  }

 private:
  const std::span<const ChaChaStream> streams_;
  size_t next_ = 0;  // the stream that the next block comes from
  size_t done_ = 0;  // its bytes that have a lane already
};

// The state of sixteen lanes: vector i has word i of each.
struct State {
  __m512i word[16];
};

// Word `i` of the four that begin at `row`, on columns (shift 0) or diagonals (shift 1).
constexpr size_t Word(size_t row, size_t shift, size_t i) {
  return row + (i + row / 4 * shift) % 4;
}

// The compiler neither moves `words` to another register nor the operation to another place: the
// order below is the one that keeps all execution units busy.
RINGWIRE_AVX512_INLINE void Pin(__m512i& words) { __asm__ volatile("" : "+v"(words)); }

// Step `kStep` of 8 in a double round: on its four columns, then on its four diagonals, a += b,
// d = (d ^ a) <<< bits, where (a, b, d) begin in turn at words (0, 4, 12) and (8, 12, 4).
template <size_t kStep>
RINGWIRE_AVX512_INLINE void Step(State& s) {
  constexpr int kBits[4] = {16, 12, 8, 7};
  constexpr size_t kShift = kStep / 4, kA = kStep % 2 * 8, kB = kA + 4, kD = 12 - kA;
  UNROLL for (size_t i = 0; i < 4; ++i) {
    __m512i& a = s.word[Word(kA, kShift, i)];
    a = _mm512_add_epi32(a, s.word[Word(kB, kShift, i)]);
    Pin(a);
  }
  UNROLL for (size_t i = 0; i < 4; ++i) {
    __m512i& d = s.word[Word(kD, kShift, i)];
    d = _mm512_xor_si512(d, s.word[Word(kA, kShift, i)]);
    Pin(d);
  }
  UNROLL for (size_t i = 0; i < 4; ++i) {
    __m512i& d = s.word[Word(kD, kShift, i)];
    d = _mm512_rol_epi32(d, kBits[kStep % 4]);
    Pin(d);
  }
}

// The steps of all sets alternate: one set alone does not keep a vector unit busy, because each of
// its operations waits for the one before.
template <size_t kSets, size_t kStep = 0>
RINGWIRE_AVX512_INLINE void DoubleRound(State (&sets)[kSets]) {
  UNROLL for (State& s : sets) Step<kStep>(s);
  if constexpr (kStep < 7) DoubleRound<kSets, kStep + 1>(sets);
}

// Four vectors of words a..a+3 become four vectors with those words of lane 4 q + j side by side in
// quarter q of vector j.
RINGWIRE_AVX512_INLINE void TransposeWords(__m512i* v) {
  const __m512i low01 = _mm512_unpacklo_epi32(v[0], v[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(v[0], v[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(v[2], v[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi64(low01, low23);
  v[1] = _mm512_unpackhi_epi64(low01, low23);
  v[2] = _mm512_unpacklo_epi64(high01, high23);
  v[3] = _mm512_unpackhi_epi64(high01, high23);
}

RINGWIRE_AVX512_INLINE void XorBlock(uint8_t* data, size_t size, __m512i keystream) {
  if (size == kBlockBytes) {
    _mm512_storeu_si512(data, _mm512_xor_si512(_mm512_loadu_si512(data), keystream));
  } else if (size != 0) {
    const __mmask64 bytes = (uint64_t{1} << size) - 1;
    const __m512i text = _mm512_maskz_loadu_epi8(bytes, data);
    _mm512_mask_storeu_epi8(data, bytes, _mm512_xor_si512(text, keystream));
  }
}

// Turns sixteen words of sixteen lanes into sixteen blocks and applies them.
RINGWIRE_AVX512_INLINE void XorBlocks(State& state, const Pass& pass) {
  __m512i(&v)[16] = state.word;
  UNROLL for (size_t words = 0; words < 16; words += 4) TransposeWords(&v[words]);
  UNROLL for (size_t j = 0; j < 4; ++j) {
    const __m512i a = _mm512_shuffle_i32x4(v[j], v[4 + j], 0x44);
    const __m512i b = _mm512_shuffle_i32x4(v[j], v[4 + j], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0x44);
    const __m512i d = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0xee);
    XorBlock(pass.data[j], pass.size[j], _mm512_shuffle_i32x4(a, c, 0x88));
    XorBlock(pass.data[4 + j], pass.size[4 + j], _mm512_shuffle_i32x4(a, c, 0xdd));
    XorBlock(pass.data[8 + j], pass.size[8 + j], _mm512_shuffle_i32x4(b, d, 0x88));
    XorBlock(pass.data[12 + j], pass.size[12 + j], _mm512_shuffle_i32x4(b, d, 0xdd));
  }
}

RINGWIRE_AVX512_INLINE State InitialState(std::span<const uint32_t, 8> key, const Pass& pass) {
  constexpr uint32_t kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  State s;
  UNROLL for (size_t i = 0; i < 4; ++i) {
    s.word[i] = _mm512_set1_epi32(static_cast<int>(kConstants[i]));
  }
  UNROLL for (size_t i = 0; i < 8; ++i) {
    s.word[4 + i] = _mm512_set1_epi32(static_cast<int>(key[i]));
  }
  s.word[12] = _mm512_load_si512(pass.block.data());
  UNROLL for (size_t i = 0; i < 3; ++i) s.word[13 + i] = _mm512_load_si512(pass.nonce[i].data());
  return s;
}

template <size_t kSets>
RINGWIRE_AVX512 void XorPasses(std::span<const uint32_t, 8> key,
                               const std::array<Pass, 2>& passes) {
  State sets[kSets];
  UNROLL for (size_t set = 0; set < kSets; ++set) sets[set] = InitialState(key, passes[set]);
  for (int i = 0; i < kDoubleRounds; ++i) {
    DoubleRound(sets);
  }
  UNROLL for (size_t set = 0; set < kSets; ++set) {
    const State initial = InitialState(key, passes[set]);
    UNROLL for (size_t i = 0; i < 16; ++i) {
      sets[set].word[i] = _mm512_add_epi32(sets[set].word[i], initial.word[i]);
    }
    XorBlocks(sets[set], passes[set]);
  }
}

}  // namespace

void XorChaChaStreams(std::span<const uint32_t, 8> key, std::span<const ChaChaStream> streams) {
  std::array<Pass, 2> passes{};
  BlockQueue queue(streams);
  while (queue.Fill(&passes[0])) {
    if (queue.Fill(&passes[1])) {
      XorPasses<2>(key, passes);
    } else {
      XorPasses<1>(key, passes);
    }
  }
}

#else

void XorChaChaStreams(std::span<const uint32_t, 8> /*key*/,
                      std::span<const ChaChaStream> /*streams*/) {}

#endif

}  // namespace ringwire::crypto
