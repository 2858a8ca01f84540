#ifndef RINGWIRE_CORE_WIRE_CHECKSUM_BLOCKS_H_
#define RINGWIRE_CORE_WIRE_CHECKSUM_BLOCKS_H_

#include <cstddef>
#include <cstdint>

// The inner loop of the checksum: each gateway sums every inner packet once.
namespace ringwire {

inline constexpr size_t kChecksumBlockBytes = 64;

// The sum of `blocks` blocks as words of the machine's order, of 16 or of 32 bits: folded to 16
// bits both are the same. `blocks` is at most kChecksumBlocksMax. Pure.
using SumBlocksFunction = uint64_t (*)(const uint8_t* p, size_t blocks);
inline constexpr size_t kChecksumBlocksMax = 65536 / kChecksumBlockBytes;

// The same, and copies the blocks to `to`, which does not overlap them.
using CopyBlocksFunction = uint64_t (*)(uint8_t* to, const uint8_t* p, size_t blocks);

// For every CPU; tests compare the others with these.
uint64_t SumBlocks(const uint8_t* p, size_t blocks);
uint64_t CopyBlocks(uint8_t* to, const uint8_t* p, size_t blocks);
// With AVX-512's dot product (VNNI), about three times as fast; nullptr where the CPU or the
// compiler has none.
SumBlocksFunction SumBlocksByDotProduct();
CopyBlocksFunction CopyBlocksByDotProduct();

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_CHECKSUM_BLOCKS_H_
