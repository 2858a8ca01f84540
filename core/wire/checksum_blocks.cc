#include "core/wire/checksum_blocks.h"

#include "core/base/endian.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace ringwire {
namespace {

// Two 64-bit lanes: GCC and Clang turn it into SSE2 or NEON, both of which every target has.
using Lanes = uint64_t __attribute__((vector_size(16)));
static_assert(kChecksumBlockBytes == 4 * sizeof(Lanes));

#ifdef __x86_64__

// The instruction multiplies signed words, so the words are moved down by half their range before
// and the sum is moved up after. A 32-bit lane takes two words a block: it cannot overflow within
// kChecksumBlocksMax blocks, nor can the sum of the lanes.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) uint64_t SumBlocksVnni(const uint8_t* p,
                                                                              size_t blocks) {
  constexpr int64_t kHalfRange = 0x8000;
  constexpr size_t kWords = kChecksumBlockBytes / 2;
  static_assert(kHalfRange * kWords * kChecksumBlocksMax <= int64_t{1} << 30);
  const __m512i flip = _mm512_set1_epi16(static_cast<int16_t>(-kHalfRange));
  const __m512i ones = _mm512_set1_epi16(1);
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  size_t left = blocks;
  for (; left >= 2; left -= 2, p += 2 * kChecksumBlockBytes) {
    const __m512i a = _mm512_loadu_si512(p);
    const __m512i b = _mm512_loadu_si512(p + kChecksumBlockBytes);
    even = _mm512_dpwssd_epi32(even, _mm512_xor_si512(a, flip), ones);
    odd = _mm512_dpwssd_epi32(odd, _mm512_xor_si512(b, flip), ones);
  }
  if (left != 0) {
    even = _mm512_dpwssd_epi32(even, _mm512_xor_si512(_mm512_loadu_si512(p), flip), ones);
  }
  const int64_t moved = _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
  return static_cast<uint64_t>(moved + kHalfRange * static_cast<int64_t>(kWords * blocks));
}

#endif

}  // namespace

// Adds 32-bit words. The one's-complement sum does not depend on the byte order as long as the
// result is swapped (RFC 1071 §2 (B)), and 64 bits hold the sum of 2^32 such words without a carry.
uint64_t SumBlocks(const uint8_t* p, size_t blocks) {
  constexpr Lanes kLow = {0xffffffff, 0xffffffff};
  Lanes even0{}, even1{}, odd0{}, odd1{};
  for (; blocks != 0; --blocks, p += kChecksumBlockBytes) {
    const Lanes a = LoadRaw<Lanes>(p), b = LoadRaw<Lanes>(p + 16);
    const Lanes c = LoadRaw<Lanes>(p + 32), d = LoadRaw<Lanes>(p + 48);
    even0 += (a & kLow) + (c & kLow);
    even1 += (b & kLow) + (d & kLow);
    odd0 += (a >> 32) + (c >> 32);
    odd1 += (b >> 32) + (d >> 32);
  }
  const Lanes sum = even0 + even1 + odd0 + odd1;
  return sum[0] + sum[1];
}

SumBlocksFunction SumBlocksByDotProduct() {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vnni")) {
    return &SumBlocksVnni;
  }
#endif
  return nullptr;
}

}  // namespace ringwire
