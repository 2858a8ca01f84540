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
const CopyBlocksFunction kCopyBlocks =
    CopyBlocksByDotProduct() != nullptr ? CopyBlocksByDotProduct() : &CopyBlocks;

// Sums words of the machine's order. `to`: where to copy the bytes.
struct SumOnly {
  static uint64_t Blocks(uint8_t*, const uint8_t* p, size_t blocks) {
    return kSumBlocks(p, blocks);
  }
  template <typename Word>
  static uint64_t One(uint8_t*, const uint8_t* p) {
    return LoadRaw<Word>(p);
  }
};
struct SumAndCopy {
  static uint64_t Blocks(uint8_t* to, const uint8_t* p, size_t blocks) {
    return kCopyBlocks(to, p, blocks);
  }
  template <typename Word>
  static uint64_t One(uint8_t* to, const uint8_t* p) {
    const Word word = LoadRaw<Word>(p);
    StoreRaw(to, word);
    return word;
  }
};

template <typename Way>
uint64_t SumNative(uint8_t* to, const uint8_t* p, size_t size) {
  uint64_t sum = 0;
  size_t at = 0;
  // `to` is null where nothing is copied, so nothing may be added to it there.
  const auto here = [&] { return to == nullptr ? nullptr : to + at; };
  while (size - at >= kChecksumBlockBytes) {
    const size_t blocks = std::min((size - at) / kChecksumBlockBytes, kChecksumBlocksMax);
    sum += Way::Blocks(here(), p + at, blocks);
    at += blocks * kChecksumBlockBytes;
  }
  for (; size - at >= 8; at += 8) {
    const uint64_t word = Way::template One<uint64_t>(here(), p + at);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if (size - at >= 4) {
    sum += Way::template One<uint32_t>(here(), p + at);
    at += 4;
  }
  if (size - at >= 2) {
    sum += Way::template One<uint16_t>(here(), p + at);
    at += 2;
  }
  // Little-endian: the zero pad is the word's high byte.
  if (size != at) sum += Way::template One<uint8_t>(here(), p + at);
  return sum;
}

// Adds a native sum to one of big-endian words.
uint64_t AddNative(uint64_t initial, uint64_t native) {
  const uint64_t words = __builtin_bswap16(FoldChecksum(native));
  const uint64_t sum = initial + words;
  return sum + (sum < words ? 1 : 0);
}

}  // namespace

uint64_t ChecksumPartial(std::span<const uint8_t> bytes, uint64_t initial) {
  return AddNative(initial, SumNative<SumOnly>(nullptr, bytes.data(), bytes.size()));
}

uint64_t CopyWithChecksum(std::span<const uint8_t> from, uint8_t* to, uint64_t initial) {
  return AddNative(initial, SumNative<SumAndCopy>(to, from.data(), from.size()));
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
