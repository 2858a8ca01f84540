#include "core/wire/checksum.h"

#include <algorithm>
#include <cstddef>

#include "core/base/endian.h"
#include "core/wire/checksum_blocks.h"

namespace ringwire {
namespace {

// Chosen before main: the same for every thread, and never written again.
const SumBlocksFunction kSumBlocks =
    SumBlocksByDotProduct() != nullptr ? SumBlocksByDotProduct() : &SumBlocks;

uint64_t SumNative(const uint8_t* p, size_t size) {
  uint64_t sum = 0;
  while (size >= kChecksumBlockBytes) {
    const size_t blocks = std::min(size / kChecksumBlockBytes, kChecksumBlocksMax);
    sum += kSumBlocks(p, blocks);
    p += blocks * kChecksumBlockBytes;
    size -= blocks * kChecksumBlockBytes;
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
