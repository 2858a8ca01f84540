#include "core/wire/checksum_blocks.h"

#include "core/base/endian.h"

#ifdef __x86_64__
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns of its own header
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace ringwire {
namespace {

// Two 64-bit lanes: GCC and Clang turn it into SSE2 or NEON, both of which every target has.
using Lanes = uint64_t __attribute__((vector_size(16)));
static_assert(kChecksumBlockBytes == 4 * sizeof(Lanes));

#ifdef __x86_64__

#define RINGWIRE_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))

template <bool kCopies>
RINGWIRE_VNNI inline __m512i LoadVnni(uint8_t* to, const uint8_t* p, size_t at) {
  const __m512i block = _mm512_loadu_si512(p + at);
  if constexpr (kCopies) _mm512_storeu_si512(to + at, block);
  return block;
}

// The instruction multiplies signed words, so the words are moved down by half their range before
// and the sum is moved up after. A 32-bit lane takes two words a block: it cannot overflow within
// kChecksumBlocksMax blocks, nor can the sum of the lanes.
template <bool kCopies>
RINGWIRE_VNNI uint64_t SumVnni(uint8_t* to, const uint8_t* p, size_t blocks) {
  constexpr int64_t kHalfRange = 0x8000;
  constexpr size_t kWords = kChecksumBlockBytes / 2;
  static_assert(kHalfRange * kWords * kChecksumBlocksMax <= int64_t{1} << 30);
  const __m512i flip = _mm512_set1_epi16(static_cast<int16_t>(-kHalfRange));
  const __m512i ones = _mm512_set1_epi16(1);
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  size_t at = 0;
  for (size_t pairs = blocks / 2; pairs != 0; --pairs, at += 2 * kChecksumBlockBytes) {
    const __m512i a = LoadVnni<kCopies>(to, p, at);
    const __m512i b = LoadVnni<kCopies>(to, p, at + kChecksumBlockBytes);
    even = _mm512_dpwssd_epi32(even, _mm512_xor_si512(a, flip), ones);
    odd = _mm512_dpwssd_epi32(odd, _mm512_xor_si512(b, flip), ones);
  }
  if (blocks % 2 != 0) {
    const __m512i block = LoadVnni<kCopies>(to, p, at);
    even = _mm512_dpwssd_epi32(even, _mm512_xor_si512(block, flip), ones);
  }
  const int64_t moved = _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
  return static_cast<uint64_t>(moved + kHalfRange * static_cast<int64_t>(kWords * blocks));
}

RINGWIRE_VNNI uint64_t SumBlocksVnni(const uint8_t* p, size_t blocks) {
  return SumVnni<false>(nullptr, p, blocks);
}

RINGWIRE_VNNI uint64_t CopyBlocksVnni(uint8_t* to, const uint8_t* p, size_t blocks) {
  return SumVnni<true>(to, p, blocks);
}

bool HasVnni() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vnni");
}

#endif

template <bool kCopies>
inline Lanes LoadLanes(uint8_t* to, const uint8_t* p, size_t at) {
  const Lanes lanes = LoadRaw<Lanes>(p + at);
  if constexpr (kCopies) StoreRaw(to + at, lanes);
  return lanes;
}

// Adds 32-bit words. The one's-complement sum does not depend on the byte order as long as the
// result is swapped (RFC 1071 §2 (B)), and 64 bits hold the sum of 2^32 such words without a carry.
template <bool kCopies>
uint64_t SumLanes(uint8_t* to, const uint8_t* p, size_t blocks) {
  constexpr Lanes kLow = {0xffffffff, 0xffffffff};
  Lanes even0{}, even1{}, odd0{}, odd1{};
  for (size_t at = 0; at != blocks * kChecksumBlockBytes; at += kChecksumBlockBytes) {
    const Lanes a = LoadLanes<kCopies>(to, p, at), b = LoadLanes<kCopies>(to, p, at + 16);
    const Lanes c = LoadLanes<kCopies>(to, p, at + 32), d = LoadLanes<kCopies>(to, p, at + 48);
    even0 += (a & kLow) + (c & kLow);
    even1 += (b & kLow) + (d & kLow);
    odd0 += (a >> 32) + (c >> 32);
    odd1 += (b >> 32) + (d >> 32);
  }
  const Lanes sum = even0 + even1 + odd0 + odd1;
  return sum[0] + sum[1];
}

}  // namespace

uint64_t SumBlocks(const uint8_t* p, size_t blocks) { return SumLanes<false>(nullptr, p, blocks); }

uint64_t CopyBlocks(uint8_t* to, const uint8_t* p, size_t blocks) {
  return SumLanes<true>(to, p, blocks);
}

SumBlocksFunction SumBlocksByDotProduct() {
#ifdef __x86_64__
  if (HasVnni()) return &SumBlocksVnni;
#endif
  return nullptr;
}

CopyBlocksFunction CopyBlocksByDotProduct() {
#ifdef __x86_64__
  if (HasVnni()) return &CopyBlocksVnni;
#endif
  return nullptr;
}

}  // namespace ringwire
