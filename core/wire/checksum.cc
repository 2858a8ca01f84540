#include "core/wire/checksum.h"

#include <cstddef>

#include "core/base/endian.h"

namespace ringwire {
namespace {

// Two 64-bit lanes: GCC and Clang turn it into SSE2 or NEON, both of which every target has.
using Lanes = uint64_t __attribute__((vector_size(16)));
constexpr size_t kBlockBytes = 4 * sizeof(Lanes);

// Adds the bytes as 32-bit words of the machine's order. The one's-complement sum does not depend
// on the byte order as long as the result is swapped (RFC 1071 §2 (B)), and 64 bits hold the sum of
// 2^32 such words without a carry.
uint64_t SumBlocks(const uint8_t* p, size_t blocks) {
  constexpr Lanes kLow = {0xffffffff, 0xffffffff};
  Lanes even0{}, even1{}, odd0{}, odd1{};
  for (; blocks != 0; --blocks, p += kBlockBytes) {
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

uint64_t SumNative(const uint8_t* p, size_t size) {
  uint64_t sum = 0;
  if (size >= kBlockBytes) {
    sum = SumBlocks(p, size / kBlockBytes);
    p += size / kBlockBytes * kBlockBytes;
    size %= kBlockBytes;
  }
  for (; size >= 8; size -= 8, p += 8) {
    const auto word = LoadRaw<uint64_t>(p);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if (size >= 4) {
    sum += LoadRaw<uint32_t>(p);
    p += 4;
    size -= 4;
  }
  if (size >= 2) {
    sum += LoadRaw<uint16_t>(p);
    p += 2;
    size -= 2;
  }
  if (size != 0) sum += *p;  // little-endian: the zero pad is the word's high byte
  return sum;
}

}  // namespace

uint64_t ChecksumPartial(std::span<const uint8_t> bytes, uint64_t initial) {
  const uint64_t words = __builtin_bswap16(FoldChecksum(SumNative(bytes.data(), bytes.size())));
  const uint64_t sum = initial + words;
  return sum + (sum < words ? 1 : 0);
}

uint16_t FoldChecksum(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);  // at most 33 bits
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint64_t PseudoHeaderSum(std::span<const uint8_t> source, std::span<const uint8_t> destination,
                         uint8_t protocol, uint32_t length) {
  uint64_t sum = uint64_t{protocol} + (length >> 16) + (length & 0xffff);
  sum = ChecksumPartial(source, sum);
  return ChecksumPartial(destination, sum);
}

uint16_t UpdateChecksum(uint16_t checksum, uint16_t old_word, uint16_t new_word) {
  const uint64_t sum =
      uint64_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~old_word) + new_word;
  return static_cast<uint16_t>(~FoldChecksum(sum));
}

}  // namespace ringwire
